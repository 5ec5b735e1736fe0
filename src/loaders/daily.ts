import DataLoader from "dataloader";
import type { Absence, DailyAnswer, DailyQuestion, SourcedDay, SourceIssue } from "../domain/answers";
import type { CandidateReason, PolicyName, Resolution } from "../domain/choice";
import type { DailyValue, SleepSessionDay } from "../domain/daily";
import type { CivilDay } from "../domain/days";
import { encodeNodeId } from "../domain/ids";
import { epochSeconds } from "../domain/instants";
import type { Metric } from "../domain/metrics";
import { Slotted } from "../domain/slot";
import type { ReadingApi } from "../services/api";
import { questionKey } from "./question";
import type { Validity } from "./validity";

/** A sleep session with its node id. */
export type SessionNode = SleepSessionDay & { readonly __typename: "SleepSession"; readonly id: string };

/** A provider that was asked for a day: its node, null where it has none, and why it was chosen or was not. */
export interface CandidateNode {
  readonly provider: string;
  readonly record: DailyNode | null;
  readonly reason: CandidateReason;
}

/** How a day was chosen; `winner` is one of `candidates`. */
export interface ResolutionNode {
  readonly policy: PolicyName;
  readonly winner: CandidateNode;
  readonly candidates: readonly CandidateNode[];
}

/** A provider's assembled day with its node id; `sessions`, where it has some, with theirs; `resolution` is null where none was chosen. */
export type DailyNode = DailyValue & {
  readonly __typename: string;
  readonly id: string;
  readonly provider: string;
  readonly sessions?: readonly SessionNode[];
  readonly resolution: ResolutionNode | null;
};

/** The answer to a daily question as nodes; every entry of `nodes` is the same object as in `bySource`, and all of a day share one resolution. */
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

const TYPE_NAMES: Readonly<Record<Metric, string>> = {
  SLEEP: "Sleep",
  READINESS: "Readiness",
  ACTIVITY: "Activity",
  HRV: "Hrv",
};

function sessionNodes(
  person: string,
  provider: string,
  day: CivilDay,
  sessions: readonly SleepSessionDay[],
): SessionNode[] {
  return sessions.map((session, index) => {
    const startsAt = epochSeconds(session.start);
    // Sessions come by start: those that share it are neighbours.
    const nth = index - sessions.findIndex((one) => epochSeconds(one.start) === startsAt);
    const key = { type: "SleepSession", person, provider, day, startsAt, ...(nth > 0 ? { nth } : {}) } as const;
    return { __typename: "SleepSession", id: encodeNodeId(key), ...session };
  });
}

function dailyNode(person: string, { provider, value }: SourcedDay): Draft {
  const { metric, day } = value;
  const method = value.metric === "HRV" ? value.method : null;
  const id = encodeNodeId({ type: "Daily", person, metric, provider, day, method });
  const __typename = TYPE_NAMES[metric];
  // The spread comes last: members added to a copy cost Node 20 fifteen times as much as the whole of it.
  if (value.metric !== "SLEEP") return { __typename, id, provider, resolution: null, ...value };
  const sessions = sessionNodes(person, provider, day, value.sessions);
  return { __typename, id, provider, resolution: null, ...value, sessions };
}

/** A node whose resolution is found once all nodes of its day are there. */
type Draft = DailyNode & { resolution: ResolutionNode | null };

/** A day's nodes: the chosen one, and every source's by slug. */
interface NodesOfDay {
  readonly person: string;
  readonly winner: DailyNode;
  readonly bySource: readonly DailyNode[];
}

function nodesOfDay(person: string, { policy, winner, candidates }: Resolution): NodesOfDay {
  const entries = candidates.map(({ provider, day, reason }) => {
    const record = day && dailyNode(person, day);
    return { day, record, candidate: { provider, record, reason } satisfies CandidateNode };
  });
  const chosen = entries.find(({ day }) => day === winner);
  if (!chosen?.record) throw new Error(`the chosen day of ${winner.value.metric} is not among its candidates`);
  const bySource = entries.flatMap(({ record }) => record ?? []);
  const resolution = { policy, winner: chosen.candidate, candidates: entries.map(({ candidate }) => candidate) };
  for (const node of bySource) node.resolution = resolution;
  return { person, winner: chosen.record, bySource };
}

/** A day's nodes, the same objects as before where the same resolution was shown to the same person. */
function nodesOnce(person: string, resolution: Resolution): NodesOfDay {
  const known = Slotted.madeOf(resolution) as NodesOfDay | undefined;
  if (known?.person === person) return known;
  const made = nodesOfDay(person, resolution);
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
    return this.days.flatMap(({ bySource }) => bySource);
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
export function createDailyLoader(reading: Pick<ReadingApi, "read">, person: string, validity: Validity): DailyLoader {
  return new DataLoader<DailyQuestion, DailyResult, string>(
    async (questions) => {
      const answers = await reading.read(person, questions);
      if (answers.length !== questions.length) {
        throw new Error(`expected ${questions.length} daily answers, got ${answers.length}`);
      }
      for (const { issues, freshUntil } of answers) validity.until(issues.length > 0 ? 0 : freshUntil);
      return answers.map((answer) => dailyResult(person, answer));
    },
    { cacheKeyFn: questionKey },
  );
}
