import { GatewayError } from "../../domain/errors";
import type { Bell } from "../ports/cache";
import type { Telemetry } from "../ports/telemetry";
import type { VersionSource } from "../ports/versions";

/** Milliseconds between looks at the versions of everyone who is followed: so late is known what no bell told of. */
const LOOK_EVERY_MS = 500;
/** Milliseconds after a look that failed. */
const LOOK_AGAIN_MS = 2_000;
/** Followers of one person in one process. */
const MAX_FOLLOWERS = 100;
const VERSION_TOPIC = "version";

interface Followed {
  latest: bigint;
  readonly followers: Set<() => void>;
}

/** One who follows a person. */
export interface Follower {
  /** False once it has left. */
  follows(): boolean;
  /** The latest version of the person's data that was heard of; 0 at first. */
  latest(): bigint;
  /** Resolves once this holds, which is looked at whenever the person's data changed, and at the end. */
  until(holds: () => boolean): Promise<void>;
  /** Has what is waited for looked at again. */
  nudge(): void;
  leave(): void;
}

/** Tells followers of persons that their data changed: by the bell, and by one look a half second at the versions of all of them. */
export class PersonWatch {
  private readonly persons = new Map<string, Followed>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly parts: {
      readonly source: VersionSource;
      readonly bell: Bell;
      readonly telemetry: Pick<Telemetry, "fault">;
    },
  ) {
    parts.bell.listen(VERSION_TOPIC, (message) => {
      const [personId = "", version = ""] = message.split(" ");
      if (/^\d+$/.test(version)) this.heard(personId, BigInt(version));
    });
  }

  /** Begins to follow a person; TOO_MANY_SUBSCRIPTIONS where as many do already as may. */
  join(personId: string): Follower {
    const person = this.persons.get(personId) ?? { latest: 0n, followers: new Set() };
    if (person.followers.size >= MAX_FOLLOWERS) {
      throw new GatewayError("TOO_MANY_SUBSCRIPTIONS", `this person is followed ${MAX_FOLLOWERS} times already`);
    }
    this.persons.set(personId, person);
    let nudge: () => void = () => undefined;
    const nudged = () => nudge();
    person.followers.add(nudged);
    this.timer ??= this.lookIn(LOOK_EVERY_MS);
    return {
      follows: () => person.followers.has(nudged),
      latest: () => person.latest,
      nudge: nudged,
      until: async (holds) => {
        while (!holds() && person.followers.has(nudged)) {
          await new Promise<void>((resolve) => {
            nudge = resolve;
          });
        }
      },
      leave: () => {
        person.followers.delete(nudged);
        nudge();
        if (person.followers.size === 0 && this.persons.get(personId) === person) this.persons.delete(personId);
      },
    };
  }

  private heard(personId: string, version: bigint): void {
    const person = this.persons.get(personId);
    if (!person || version <= person.latest) return;
    person.latest = version;
    for (const nudge of person.followers) nudge();
  }

  private async look(): Promise<void> {
    let again = LOOK_EVERY_MS;
    const ids = [...this.persons.keys()];
    try {
      const versions = ids.length > 0 ? await this.parts.source(ids) : new Map<string, string>();
      // Whoever is gone is of a version that nothing follows.
      for (const id of ids) this.heard(id, BigInt(versions.get(id) ?? Number.MAX_SAFE_INTEGER));
    } catch (error) {
      this.parts.telemetry.fault("looking for changes", error);
      again = LOOK_AGAIN_MS;
    }
    this.timer = this.persons.size > 0 ? this.lookIn(again) : null;
  }

  private lookIn(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => void this.look(), milliseconds).unref();
  }
}
