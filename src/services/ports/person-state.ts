import type { Metric } from "../../domain/metrics";
import type { Account } from "../../domain/people";

/** What reading needs to know of a person beside their days. `offsetMinutes`: the wearer's latest known offset, east of UTC. */
export interface PersonState {
  readonly accounts: readonly Account[];
  readonly offsetMinutes: number | null;
  /** Providers by the person's preference, per metric where they have said so. */
  readonly preferences: Readonly<Partial<Record<Metric, readonly string[]>>>;
}

/** Reads a person's accounts, offset and preferences from the truth. */
export type PersonStateSource = (personId: string) => Promise<PersonState>;

/** Keeps a person's order of providers for a metric (none: no preference any more); answers the person's new data version. */
export type PreferenceKeeper = (personId: string, metric: Metric, order: readonly string[]) => Promise<string>;
