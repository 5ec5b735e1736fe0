import { LRUCache } from "lru-cache";
import type { Provider } from "../../providers/contract/provider";
import type { SyntheticPerson } from "../../providers/contract/synthetic";
import { addDays, type CivilDay, type DayRange, dayFromNumber, dayNumber, daysOf } from "../domain/days";
import { dayAt } from "../domain/instants";
import { idFrom, seedFrom } from "./seed";

/** A change to the simulated data of one endpoint and day. `user`: whose; absent: everybody's. */
export interface Change {
  readonly endpoint: string;
  readonly day: CivilDay;
  readonly user?: string | undefined;
}

/** What has changed of one endpoint, day and person: these documents are new, are now so, or were. */
export interface DataChange {
  readonly change: "created" | "updated" | "deleted";
  readonly user: string;
  readonly endpoint: string;
  readonly day: CivilDay;
  readonly documents: readonly unknown[];
}

const HISTORY_DAYS = 400;
const KEPT_DAYS = 5_000;
const OFFSETS = [-480, -420, -360, -300, -180, 0, 60, 120, 180, 330, 480, 540, 600];

/** The simulated people of one vendor and their documents; all follows from the seed, the clock's day and the changes asked for. */
export class People {
  readonly #names = new Map<string, string>();
  readonly #newest = new Map<string, CivilDay>();
  readonly #revisions = new Map<string, number>();
  readonly #deleted = new Map<string, Set<number> | "all">();
  readonly #documents = new LRUCache<string, readonly unknown[]>({ max: KEPT_DAYS });

  constructor(
    private readonly provider: Provider,
    private readonly seed: number,
    private readonly now: () => number,
    /** Hears what new nights, revisions and removals have changed. */
    private readonly onChange: (changes: readonly DataChange[]) => void = () => undefined,
  ) {}

  /** The person who signs in with a name; there is one for every name. Data reach from 400 days ago to yesterday, in their own zone. */
  person(user: string): SyntheticPerson {
    const id = idFrom("user", this.seed, this.provider.slug, user);
    const seed = seedFrom(this.seed, id);
    const vendorUserId = this.provider.synthetic.vendorUserId?.(seed) ?? id;
    this.#names.set(vendorUserId, user);
    // Not of the vendor: who wears several wearables wears them in one place.
    const offsetMinutes = OFFSETS[seedFrom("offset", this.seed, user) % OFFSETS.length] ?? 0;
    const today = dayAt(this.now(), offsetMinutes);
    const yesterday = addDays(today, -1);
    const newest = this.#newest.get(user);
    return {
      seed,
      vendorUserId,
      firstDay: addDays(today, -HISTORY_DAYS),
      lastDay: newest !== undefined && newest > yesterday ? newest : yesterday,
      offsetMinutes,
    };
  }

  /** Names of everybody who ever signed in, in that order. */
  names(): readonly string[] {
    return [...this.#names.values()];
  }

  /** Gives a person data for their today, as after a new night; answers that day. */
  newNight(user: string): CivilDay {
    const today = dayAt(this.now(), this.person(user).offsetMinutes);
    this.#newest.set(user, today);
    this.onChange(
      this.provider.endpoints.map(({ name }) => this.#change("created", user, { endpoint: name, day: today })),
    );
    return today;
  }

  /** Raises the revision of an endpoint's documents of one day; answers the new revision. */
  revise(change: Change): number {
    this.#expectEndpoint(change.endpoint);
    const key = changeKey(change);
    const revision = (this.#revisions.get(key) ?? 0) + 1;
    this.#revisions.set(key, revision);
    this.onChange(this.#concerned(change).map((user) => this.#change("updated", user, change)));
    return revision;
  }

  /** Removes an endpoint's documents of one day, or only the one at `index` (from 0). */
  remove(change: Change & { readonly index?: number | undefined }): void {
    this.#expectEndpoint(change.endpoint);
    const key = changeKey(change);
    const before = this.#deleted.get(key);
    const were = this.#concerned(change).map((user) => this.#change("deleted", user, change));
    if (change.index === undefined || before === "all") this.#deleted.set(key, "all");
    else this.#deleted.set(key, new Set([...(before ?? []), change.index]));
    this.onChange(were.map((was) => ({ ...was, documents: this.#gone(was) })));
  }

  /** Undoes every change: revisions, removals and new nights. */
  reset(): void {
    this.#revisions.clear();
    this.#deleted.clear();
    this.#newest.clear();
  }

  /** The documents of one endpoint over a range of days, ascending, as they stand after all changes. */
  documents(user: string, person: SyntheticPerson, endpoint: string, range: DayRange): readonly unknown[] {
    const first = Math.max(dayNumber(range.start), dayNumber(person.firstDay));
    const last = Math.min(dayNumber(range.end), dayNumber(person.lastDay));
    if (first > last) return [];
    return daysOf({ start: dayFromNumber(first), end: dayFromNumber(last) }).flatMap((day) =>
      this.#documentsOf(user, person, endpoint, day),
    );
  }

  #concerned({ user }: Change): readonly string[] {
    return user === undefined ? this.names() : [user];
  }

  #change(change: DataChange["change"], user: string, { endpoint, day }: Change): DataChange {
    return { change, user, endpoint, day, documents: this.#at(user, endpoint, day) };
  }

  #at(user: string, endpoint: string, day: CivilDay): readonly unknown[] {
    return this.documents(user, this.person(user), endpoint, { start: day, end: day });
  }

  /** Those of the documents that were there and are not any more. */
  #gone({ user, endpoint, day, documents }: DataChange): readonly unknown[] {
    const left = new Set(this.#at(user, endpoint, day));
    return documents.filter((document) => !left.has(document));
  }

  #documentsOf(user: string, person: SyntheticPerson, endpoint: string, day: CivilDay): readonly unknown[] {
    const keys = [changeKey({ endpoint, day }), changeKey({ endpoint, day, user })];
    const revision = keys.reduce((sum, key) => sum + (this.#revisions.get(key) ?? 0), 0);
    const cacheKey = JSON.stringify([person.vendorUserId, endpoint, day, revision]);
    let documents = this.#documents.get(cacheKey);
    if (documents === undefined) {
      documents = this.provider.synthetic.documents(endpoint, person, day, revision);
      this.#documents.set(cacheKey, documents);
    }
    const deletions = keys.map((key) => this.#deleted.get(key)).filter((deletion) => deletion !== undefined);
    if (deletions.length === 0) return documents;
    return documents.filter((_, index) => !deletions.some((deletion) => deletion === "all" || deletion.has(index)));
  }

  #expectEndpoint(name: string): void {
    if (this.provider.endpoints.some((endpoint) => endpoint.name === name)) return;
    const known = this.provider.endpoints.map((endpoint) => endpoint.name).join(", ");
    throw new RangeError(`expected the name of an endpoint (${known})`);
  }
}

function changeKey(change: Change): string {
  return JSON.stringify([change.endpoint, change.day, change.user ?? null]);
}
