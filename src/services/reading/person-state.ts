import { type TodaySpan, todaySpan } from "../../domain/freshness";
import type { Cache } from "../ports/cache";
import type { PersonState, PersonStateSource } from "../ports/person-state";

export type { PersonState, PersonStateSource } from "../ports/person-state";

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
    if (cached !== null) {
      const [owner, of, build, state]: [string, string, string, PersonState] = JSON.parse(cached);
      if (owner === personId && of === version && build === this.build) return state;
    }
    const state = await this.source(personId);
    await this.cache.putValue(personId, NAME, JSON.stringify([personId, version, this.build, state]), KEPT_SECONDS);
    return state;
  }
}

/** The days that are today for a person. */
export function todayOf(state: PersonState, now: number): TodaySpan {
  return todaySpan(now, state.offsetMinutes);
}
