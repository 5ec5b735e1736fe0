import { LRUCache } from "lru-cache";
import { type AbsentDay, joinAbsences } from "../../domain/absences";
import type { Absence, DailyAnswer, DailyQuestion, SourcedDay } from "../../domain/answers";
import type { Resolution } from "../../domain/choice";
import { type CivilDay, daysOf, rangeLength } from "../../domain/days";
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

interface Recalled {
  readonly missing: DailyQuestion | null;
  readonly days: ReadonlyMap<CivilDay, DayAnswer>;
}

/**
 * Answers daily questions out of days that earlier ones came to, the same objects as before, and reads only the days between which some
 * are missing. Believed is a day of the same person, data version and wording of the question, while nothing of it would be asked for
 * again; remembered is what had no issues, from the second question on: most are asked in one wording and range, and then the finished
 * answer is kept.
 */
export class RememberedDays implements Pick<ReadingApi, "read"> {
  private readonly shelves = new LRUCache<string, Shelf>({ maxSize: MAX_DAYS });

  constructor(private readonly parts: RememberingParts) {}

  /** @inheritdoc */
  async read(personId: string, questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]> {
    const { versions, reading, telemetry } = this.parts;
    const { version, confirmed } = await versions.current(personId);
    if (!confirmed) return reading.read(personId, questions);
    const recalled = questions.map((question) => this.recalled(personId, version, question));
    const missing = recalled.flatMap(({ missing }) => missing ?? []);
    const read = missing.length === 0 ? [] : await reading.read(personId, missing);
    if (missing.length > 0 && versions.seen(personId) !== version) {
      // What was read while the version rose may be of either, and does not go with what is remembered.
      return recalled.every(({ days }) => days.size === 0) ? read : reading.read(personId, questions);
    }
    const answers = [...read];
    return questions.map((question, index) => {
      const { missing: lacking, days } = recalled[index] ?? { missing: question, days: new Map() };
      telemetry.answered("cache", days.size);
      const answer = lacking && answers.shift();
      if (!answer) return composed(question, days, null);
      this.remember(personId, version, lacking, answer);
      return composed(question, days, answer);
    });
  }

  /** The days of a question that are remembered, and what is to be asked for the others: null where nothing is. */
  private recalled(personId: string, version: string, question: DailyQuestion): Recalled {
    const shelf = this.shelves.get(nameOf(personId, question));
    if (shelf?.personId !== personId || shelf.version !== version) return { missing: question, days: new Map() };
    const now = this.parts.now();
    const days = new Map<CivilDay, DayAnswer>();
    let [first, last]: [CivilDay | null, CivilDay | null] = [null, null];
    for (const day of daysOf(question.range)) {
      const known = shelf.days.get(day);
      if (known && known.freshUntil > now) {
        days.set(day, known);
        continue;
      }
      first ??= day;
      last = day;
    }
    if (first === null || last === null) return { missing: null, days };
    if (days.size === 0) return { missing: question, days };
    for (const day of daysOf({ start: first, end: last })) days.delete(day);
    return { missing: { ...question, range: { start: first, end: last } }, days };
  }

  private remember(personId: string, version: string, question: DailyQuestion, answer: DailyAnswer): void {
    const { freshUntil, issues } = answer;
    if (issues.length > 0 || freshUntil <= this.parts.now() || rangeLength(question.range) > MAX_DAYS_OF_SHELF) return;
    const name = nameOf(personId, question);
    const before = this.shelves.get(name);
    if (before?.personId !== personId || before.version !== version) {
      this.shelves.set(name, { personId, version, days: new Map() }, { size: 1 });
      return;
    }
    const kept = before.days;
    for (const [day, known] of dayAnswers(question, answer)) {
      kept.delete(day);
      kept.set(day, known);
    }
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_DAYS_OF_SHELF) break;
      kept.delete(oldest);
    }
    this.shelves.set(name, before, { size: kept.size });
  }
}

/** The answer to a question out of days that are remembered and of those that were read. */
function composed(
  question: DailyQuestion,
  remembered: ReadonlyMap<CivilDay, DayAnswer>,
  read: DailyAnswer | null,
): DailyAnswer {
  if (read && remembered.size === 0) return read;
  const others = read ? dayAnswers(question, read) : new Map<CivilDay, DayAnswer>();
  const days = daysOf(question.range).flatMap((day) => remembered.get(day) ?? others.get(day) ?? []);
  const resolutions = days.flatMap(({ resolution }) => resolution ?? []);
  return {
    nodes: resolutions.map(({ winner }) => winner),
    resolutions,
    bySource: days.flatMap(({ bySource }) => bySource),
    absences: joinAbsences(days.flatMap(({ absent }) => absent)),
    issues: read?.issues ?? [],
    freshUntil: Math.min(...days.map(({ freshUntil }) => freshUntil)),
  };
}

/** What each day of a question came to. */
function dayAnswers({ range }: DailyQuestion, answer: DailyAnswer): ReadonlyMap<CivilDay, DayAnswer> {
  const bySource = byDay(answer.bySource, ({ value }) => value.day);
  const resolutions = new Map(answer.resolutions.map((resolution) => [resolution.winner.value.day, resolution]));
  const absent = byDay(answer.absences.flatMap(daysOfAbsence), ({ day }) => day);
  const { freshUntil } = answer;
  return new Map(
    daysOf(range).map((day) => [
      day,
      {
        bySource: bySource.get(day) ?? [],
        resolution: resolutions.get(day) ?? null,
        absent: absent.get(day) ?? [],
        freshUntil,
      },
    ]),
  );
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
