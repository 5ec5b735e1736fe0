import { METRICS, type Metric } from "../domain/metrics";
import type { AtVersion, Person, PreferencesApi, SourcePreference } from "./api";
import type { PreferenceKeeper } from "./ports/person-state";
import type { DataVersions } from "./ports/versions";
import type { PersonStates } from "./reading/person-state";

/** What preferences need of the rest of the gateway. */
export interface PreferenceParts {
  readonly versions: DataVersions;
  readonly states: PersonStates;
  readonly keep: PreferenceKeeper;
  /** Every wearable by slug: what was preferred before its wearable was taken out is not answered. */
  readonly providers: ReadonlyMap<string, unknown>;
}

/** Preferences of sources, kept with the person and read with their state. */
export class PreferenceService implements PreferencesApi {
  constructor(private readonly parts: PreferenceParts) {}

  /** @inheritdoc */
  async list(
    personId: string,
    at: AtVersion = () => this.parts.versions.current(personId),
  ): Promise<readonly SourcePreference[]> {
    const { version } = await at();
    const { preferences } = await this.parts.states.at(personId, version);
    return METRICS.flatMap((metric) => {
      const order = (preferences[metric] ?? []).filter((provider) => this.parts.providers.has(provider));
      return order.length > 0 ? [{ metric, order }] : [];
    });
  }

  /** @inheritdoc */
  async set(person: Person, metric: Metric, order: readonly string[]): Promise<SourcePreference | null> {
    const since = performance.now();
    this.parts.versions.learned(person.id, await this.parts.keep(person.id, metric, order), since);
    return order.length > 0 ? { metric, order } : null;
  }
}
