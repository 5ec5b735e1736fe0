import { type TodaySpan, todaySpan } from "../../domain/freshness";
import type { Account } from "../api";
import type { Cache } from "../ports/cache";
import { unwrap } from "./cells";

/** What reading needs to know of a person beside their days. `offsetMinutes`: the wearer's latest known offset, east of UTC. */
export interface PersonState {
  readonly accounts: readonly Account[];
  readonly offsetMinutes: number | null;
}

/** Reads a person's accounts and offset from the truth. */
export type PersonStateSource = (personId: string) => Promise<PersonState>;

const NAME = "state";
const KEPT_SECONDS = 6 * 3_600;

/** A person's state through the cache; like a cell it carries its owner, data version and build. */
export class PersonStates {
  constructor(
    private readonly source: PersonStateSource,
    private readonly cache: Cache,
    private readonly build: string,
  ) {}

  /** The state at a data version. */
  async at(personId: string, version: string): Promise<PersonState> {
    const cached = await this.cache.value(personId, NAME);
    const known = unwrap<PersonState>(cached, [personId, version, this.build]);
    if (known) return known;
    const state = await this.source(personId);
    await this.cache.putValue(personId, NAME, JSON.stringify([personId, version, this.build, state]), KEPT_SECONDS);
    return state;
  }
}

/** The days that are today for a person. */
export function todayOf(state: PersonState, now: number): TodaySpan {
  return todaySpan(now, state.offsetMinutes);
}
