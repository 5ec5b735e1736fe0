import DataLoader from "dataloader";
import type { Absence, DailyAnswer, DailyQuestion, SourcedDay, SourceIssue } from "../domain/answers";
import type { DailyValue, SleepSessionDay } from "../domain/daily";
import type { CivilDay } from "../domain/days";
import { encodeNodeId } from "../domain/ids";
import { epochSeconds } from "../domain/instants";
import type { Metric } from "../domain/metrics";
import type { ReadingApi } from "../services/api";
import { questionKey } from "./question";

/** A sleep session with its node id. */
export type SessionNode = SleepSessionDay & { readonly __typename: "SleepSession"; readonly id: string };

/** A provider's assembled day with its node id; `sessions`, where it has some, with theirs. */
export type DailyNode = DailyValue & {
  readonly __typename: string;
  readonly id: string;
  readonly provider: string;
  readonly sessions?: readonly SessionNode[];
};

/** The answer to a daily question as nodes; every entry of `nodes` is the same object as in `bySource`. */
export interface DailyResult {
  readonly nodes: readonly DailyNode[];
  readonly bySource: readonly DailyNode[];
  readonly absences: readonly Absence[];
  readonly issues: readonly SourceIssue[];
}

/** Answers daily questions; equal ones once, all of one tick by one read. */
export type DailyLoader = DataLoader<DailyQuestion, DailyResult, string>;

const TYPE_NAMES: Readonly<Record<Metric, string>> = {
  SLEEP: "Sleep",
  READINESS: "Readiness",
  ACTIVITY: "Activity",
  HRV: "Hrv",
};

function sessionNode(person: string, provider: string, day: CivilDay, session: SleepSessionDay): SessionNode {
  const startsAt = epochSeconds(session.start);
  return {
    ...session,
    __typename: "SleepSession",
    id: encodeNodeId({ type: "SleepSession", person, provider, day, startsAt }),
  };
}

function dailyNode(person: string, { provider, value }: SourcedDay): DailyNode {
  const { metric, day } = value;
  const method = value.metric === "HRV" ? value.method : null;
  const id = encodeNodeId({ type: "Daily", person, metric, provider, day, method });
  const base = { __typename: TYPE_NAMES[metric], id, provider };
  if (value.metric !== "SLEEP") return { ...value, ...base };
  const sessions = value.sessions.map((session) => sessionNode(person, provider, day, session));
  return { ...value, ...base, sessions };
}

function dailyResult(person: string, answer: DailyAnswer): DailyResult {
  const bySource = answer.bySource.map((day) => dailyNode(person, day));
  const byKey = new Map(bySource.map((node) => [`${node.day} ${node.provider}`, node]));
  const nodes = answer.nodes.map(({ provider, value }) => {
    const node = byKey.get(`${value.day} ${provider}`);
    if (!node) throw new Error(`a chosen day of ${value.metric} is not among its sources`);
    return node;
  });
  return { nodes, bySource, absences: answer.absences, issues: answer.issues };
}

/** A loader of one person's days for one request. */
export function createDailyLoader(reading: ReadingApi, person: string): DailyLoader {
  return new DataLoader<DailyQuestion, DailyResult, string>(
    async (questions) => {
      const answers = await reading.read(person, questions);
      if (answers.length !== questions.length) {
        throw new Error(`expected ${questions.length} daily answers, got ${answers.length}`);
      }
      return answers.map((answer) => dailyResult(person, answer));
    },
    { cacheKeyFn: questionKey },
  );
}
