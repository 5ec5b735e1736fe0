import DataLoader from "dataloader";
import type { Absence, DailyAnswer, DailyQuestion, SourcedDay, SourceIssue } from "../domain/answers";
import type { Resolution } from "../domain/choice";
import { Slotted } from "../domain/slot";
import type { AtVersion, ReadingApi } from "../services/api";
import { type CandidateNode, type DailyNode, dailyNode, type ResolutionNode } from "./day-node";
import { questionKey } from "./question";
import type { Validity } from "./validity";

/**
 * The answer to a daily question as nodes; every entry of `nodes` is the same object as in `bySource`, and all of a day share one
 * resolution. `bySource` throws where a chosen day is none of its candidates.
 */
export interface DailyResult {
  readonly nodes: readonly DailyNode[];
  readonly bySource: readonly DailyNode[];
  readonly absences: readonly Absence[];
  readonly issues: readonly SourceIssue[];
  /** Epoch seconds from when on some of it would be asked for again. */
  readonly freshUntil: number;
}

/** Answers daily questions; equal ones once, all of one tick by one read. */
export type DailyLoader = DataLoader<DailyQuestion, DailyResult, string>;

/** A day's nodes: the chosen one at once, those of the other sources where they are asked for. */
class NodesOfDay {
  readonly winner: DailyNode;
  private shown: ResolutionNode | null = null;

  constructor(
    readonly person: string,
    private readonly from: Resolution,
  ) {
    this.winner = dailyNode(person, from.winner, this);
  }

  /** How the day was chosen, the same object at every call. */
  resolution(): ResolutionNode {
    this.shown ??= this.resolved();
    return this.shown;
  }

  private resolved(): ResolutionNode {
    const { policy, winner: day, candidates: all } = this.from;
    const candidates = all.map((one): CandidateNode => ({ ...one, record: one.day && this.nodeOf(one.day) }));
    const winner = candidates.find(({ record }) => record === this.winner);
    if (!winner) throw new Error(`the chosen day of ${day.value.metric} is not among its candidates`);
    return { policy, winner, candidates };
  }

  private nodeOf(day: SourcedDay): DailyNode {
    return day === this.from.winner ? this.winner : dailyNode(this.person, day, this);
  }
}

/** A day's nodes, the same objects as before where the same resolution was shown to the same person. */
function nodesOnce(person: string, resolution: Resolution): NodesOfDay {
  const known = Slotted.madeOf(resolution);
  if (known instanceof NodesOfDay && known.person === person) return known;
  const made = new NodesOfDay(person, resolution);
  Slotted.leave(resolution, made);
  return made;
}

/** An answer as nodes; those of every source are listed where they are asked for. */
class AnsweredDays implements DailyResult {
  readonly nodes: readonly DailyNode[];

  constructor(
    private readonly days: readonly NodesOfDay[],
    private readonly answer: DailyAnswer,
  ) {
    this.nodes = days.map(({ winner }) => winner);
  }

  get bySource(): readonly DailyNode[] {
    return this.days.flatMap((day) => day.resolution().candidates.flatMap(({ record }) => record ?? []));
  }

  get absences(): readonly Absence[] {
    return this.answer.absences;
  }

  get issues(): readonly SourceIssue[] {
    return this.answer.issues;
  }

  get freshUntil(): number {
    return this.answer.freshUntil;
  }
}

function dailyResult(person: string, answer: DailyAnswer): DailyResult {
  const days = answer.resolutions.map((resolution) => nodesOnce(person, resolution));
  return new AnsweredDays(days, answer);
}

/** A loader of one person's days for one request; tells `validity` how long they hold. */
export function createDailyLoader(
  reading: Pick<ReadingApi, "read">,
  person: string,
  validity: Validity,
  at?: AtVersion,
): DailyLoader {
  return new DataLoader<DailyQuestion, DailyResult, string>(
    async (questions) => {
      const answers = await reading.read(person, questions, at);
      if (answers.length !== questions.length) {
        throw new Error(`expected ${questions.length} daily answers, got ${answers.length}`);
      }
      for (const { issues, freshUntil } of answers) validity.until(issues.length > 0 ? 0 : freshUntil);
      return answers.map((answer) => dailyResult(person, answer));
    },
    { cacheKeyFn: questionKey },
  );
}
