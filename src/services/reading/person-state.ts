import { LRUCache } from "lru-cache";
import { type TodaySpan, todaySpan } from "../../domain/freshness";
import { COPY_PATIENCE_MS, within } from "../copies";
import type { Cache } from "../ports/cache";
import type { PersonState, PersonStateSource } from "../ports/person-state";
import { unwrap } from "./cells";

export type { PersonState, PersonStateSource } from "../ports/person-state";

const NAME = "state";
const KEPT_SECONDS = 6 * 3_600;
/** People whose states this process holds at most. */
const MAX_HELD = 10_000;

/** A person's state, and the data version that it was read at. */
export interface VersionedState {
  readonly version: string;
  readonly state: PersonState;
}

/** A person's state out of this process, or the cache that processes share; like a cell it carries its owner, data version and build. */
export class PersonStates {
  private readonly looking = new Map<string, Promise<PersonState>>();
  private readonly held = new LRUCache<string, VersionedState>({ max: MAX_HELD, ttl: KEPT_SECONDS * 1_000 });

  constructor(
    private readonly source: PersonStateSource,
    /** Null where there is only this process. */
    private readonly cache: Cache | null,
    private readonly build: string,
  ) {}

  /** The state that this process holds, of whatever data version; null where it holds none. */
  heldOf(personId: string): VersionedState | null {
    return this.held.get(personId) ?? null;
  }

  /** The state of a data version was read from the truth. */
  learned(personId: string, version: string, state: PersonState): void {
    this.held.set(personId, { version, state });
    if (!this.cache) return;
    const text = JSON.stringify([personId, this.build, { version, state } satisfies VersionedState]);
    // Nobody waits for it: a cache answers every failure as a miss.
    void this.cache.putValue(personId, NAME, text, KEPT_SECONDS);
  }

  /** The state at a data version. */
  async at(personId: string, version: string): Promise<PersonState> {
    const cached = await this.known(personId, version);
    return cached?.version === version ? cached.state : this.renewed(personId, version);
  }

  /** The state at a data version, or the last one cached where the source fails: then it is not `current`. */
  async atOrBefore(personId: string, version: string): Promise<{ state: PersonState; current: boolean }> {
    const cached = await this.known(personId, version);
    if (cached?.version === version) return { state: cached.state, current: true };
    try {
      const renewed = this.renewed(personId, version);
      return { state: await (cached ? within(COPY_PATIENCE_MS, renewed) : renewed), current: true };
    } catch (error) {
      if (!cached) throw error;
      return { state: cached.state, current: false };
    }
  }

  /** The state of this version, or else the last one that is known. */
  private async known(personId: string, version: string): Promise<VersionedState | null> {
    const held = this.held.get(personId) ?? null;
    if (held?.version === version || !this.cache) return held;
    const shared = unwrap<VersionedState>(await this.cache.value(personId, NAME), [personId, this.build]);
    if (shared?.version === version) this.held.set(personId, shared);
    return shared ?? held;
  }

  /** Those who ask for the same version at the same time share one look. */
  private renewed(personId: string, version: string): Promise<PersonState> {
    const name = `${personId} ${version}`;
    const looking = this.looking.get(name) ?? this.look(personId, version).finally(() => this.looking.delete(name));
    this.looking.set(name, looking);
    return looking;
  }

  private async look(personId: string, version: string): Promise<PersonState> {
    const state = await this.source(personId);
    this.learned(personId, version, state);
    return state;
  }
}

/** The days that are today for a person. */
export function todayOf(state: PersonState, now: number): TodaySpan {
  return todaySpan(now, state.offsetMinutes);
}
