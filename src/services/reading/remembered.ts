import { LRUCache } from "lru-cache";
import { type AbsentDay, joinAbsences } from "../../domain/absences";
import type { Absence, DailyAnswer, DailyQuestion, SourcedDay } from "../../domain/answers";
import type { Resolution } from "../../domain/choice";
import { type CivilDay, daysOf } from "../../domain/days";
import type { ReadingApi } from "../api";
import type { Telemetry } from "../ports/telemetry";
import type { DataVersions } from "../ports/versions";

/** Days that are remembered in all, some 9 kB each, and of one person's metric. */
const MAX_DAYS = 16_000;
const MAX_DAYS_OF_SHELF = 100;

/** What remembering needs. `now`: epoch seconds. */
export interface RememberingParts {
  readonly reading: Pick<ReadingApi, "read">;
  readonly versions: DataVersions;
  readonly telemetry: Pick<Telemetry, "answered">;
  readonly now: () => number;
}

/** What a day came to; `resolution` is null where no source has it. */
interface DayAnswer {
  readonly bySource: readonly SourcedDay[];
  readonly resolution: Resolution | null;
  readonly absent: readonly AbsentDay[];
  /** Epoch seconds from when on it would be asked for again. */
  readonly freshUntil: number;
}

/** A person's days of one metric as one and the same question answered them, whatever its range. */
interface Shelf {
  readonly personId: string;
  readonly version: string;
  readonly days: Map<CivilDay, DayAnswer>;
}

/**
 * Answers daily questions out of days that earlier ones came to, without a look at any store: the same objects as before. Believed is a
 * day of the same person, data version and wording of the question, while nothing of it would be asked for again; remembered is what
 * had no issues, from the second question on: most are asked in one wording and range, and then the finished answer is kept.
 */
export class RememberedDays implements Pick<ReadingApi, "read"> {
  private readonly shelves = new LRUCache<string, Shelf>({ maxSize: MAX_DAYS });

  constructor(private readonly parts: RememberingParts) {}

  /** @inheritdoc */
  async read(personId: string, questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]> {
    const { versions, reading, telemetry } = this.parts;
    const { version, confirmed } = await versions.current(personId);
    if (!confirmed) return reading.read(personId, questions);
    const known = questions.map((question) => this.recalled(personId, version, question));
    const recalled = known.flatMap((answer) => answer ?? []);
    if (recalled.length === questions.length) {
      for (const { range } of questions) telemetry.answered("cache", daysOf(range).length);
      return recalled;
    }
    const answers = await reading.read(personId, questions);
    // What was read while the version rose may be of either.
    if (versions.seen(personId) !== version) return answers;
    for (const [index, question] of questions.entries()) {
      const answer = answers[index];
      if (answer) this.remember(personId, version, question, answer);
    }
    return answers;
  }

  private recalled(personId: string, version: string, question: DailyQuestion): DailyAnswer | null {
    const shelf = this.shelves.get(nameOf(personId, question));
    if (shelf?.personId !== personId || shelf.version !== version) return null;
    const now = this.parts.now();
    const absent: AbsentDay[] = [];
    const bySource: SourcedDay[] = [];
    const resolutions: Resolution[] = [];
    let freshUntil = Number.POSITIVE_INFINITY;
    for (const day of daysOf(question.range)) {
      const known = shelf.days.get(day);
      if (!known || known.freshUntil <= now) return null;
      freshUntil = Math.min(freshUntil, known.freshUntil);
      bySource.push(...known.bySource);
      absent.push(...known.absent);
      if (known.resolution) resolutions.push(known.resolution);
    }
    const nodes = resolutions.map(({ winner }) => winner);
    return { nodes, resolutions, bySource, absences: joinAbsences(absent), issues: [], freshUntil };
  }

  private remember(personId: string, version: string, question: DailyQuestion, answer: DailyAnswer): void {
    const days = daysOf(question.range);
    const { freshUntil, issues } = answer;
    if (issues.length > 0 || freshUntil <= this.parts.now() || days.length > MAX_DAYS_OF_SHELF) return;
    const name = nameOf(personId, question);
    const before = this.shelves.get(name);
    if (before?.personId !== personId || before.version !== version) {
      this.shelves.set(name, { personId, version, days: new Map() }, { size: 1 });
      return;
    }
    const kept = before.days;
    const bySource = byDay(answer.bySource, ({ value }) => value.day);
    const resolutions = new Map(answer.resolutions.map((resolution) => [resolution.winner.value.day, resolution]));
    const absent = byDay(answer.absences.flatMap(daysOfAbsence), ({ day }) => day);
    for (const day of days) {
      kept.delete(day);
      kept.set(day, {
        bySource: bySource.get(day) ?? [],
        resolution: resolutions.get(day) ?? null,
        absent: absent.get(day) ?? [],
        freshUntil,
      });
    }
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_DAYS_OF_SHELF) break;
      kept.delete(oldest);
    }
    this.shelves.set(name, before, { size: kept.size });
  }
}

/** All of a question but its range, and whose it is. */
function nameOf(personId: string, { metric, providers, maxAgeSeconds, method, prefer }: DailyQuestion): string {
  return `${personId} ${JSON.stringify([metric, providers, maxAgeSeconds, method, prefer ?? null])}`;
}

function daysOfAbsence({ firstDay, lastDay, provider, reason }: Absence): AbsentDay[] {
  return daysOf({ start: firstDay, end: lastDay }).map((day) => ({ day, provider, reason }));
}

function byDay<T>(list: readonly T[], dayOf: (one: T) => CivilDay): ReadonlyMap<CivilDay, readonly T[]> {
  const days = new Map<CivilDay, T[]>();
  for (const one of list) {
    const others = days.get(dayOf(one));
    if (others) others.push(one);
    else days.set(dayOf(one), [one]);
  }
  return days;
}
