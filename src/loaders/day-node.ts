import type { CandidateReason, PolicyName } from "../domain/choice";
import type { DailyValue, SleepSessionDay, SourcedDay } from "../domain/daily";
import type { CivilDay } from "../domain/days";
import { encodeNodeId } from "../domain/ids";
import { epochSeconds } from "../domain/instants";
import type { Metric } from "../domain/metrics";
import { once } from "./once";

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

/** Says how a day was chosen. */
export interface Chosen {
  resolution(): ResolutionNode;
}

/** A day's values, its sessions apart. */
type Values = { [M in Metric]: Omit<Extract<DailyValue, { metric: M }>, "sessions"> }[Metric];

/**
 * A provider's assembled day with its node id; of sleep, how to make its sessions with theirs; `resolution` makes how it was chosen, null
 * where it was not. Both are the same objects at every call.
 */
export type DailyNode = Values & {
  readonly __typename: string;
  readonly id: string;
  readonly provider: string;
  readonly sessions?: () => readonly SessionNode[];
  readonly resolution: (() => ResolutionNode) | null;
};

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

type KeysOf<T> = T extends unknown ? keyof T : never;
type Shown = Exclude<KeysOf<DailyValue>, "sessions">;

/** What days of any metric show; a day has those of its own. */
type AnyDay = { readonly [Name in Shown]?: unknown };

/**
 * A node that shows its day's values as its own: copies of a hundred days' would be a tenth of a cold answer. A spread of it lacks them.
 * Each has a getter written out: one for all, which finds a property by a variable, made cold answers a twentieth slower.
 */
class DayNode implements Record<Shown, unknown> {
  readonly #chosen: Chosen | null;

  constructor(
    readonly __typename: string,
    readonly id: string,
    readonly provider: string,
    readonly sessions: DailyNode["sessions"],
    private readonly value: AnyDay,
    chosen: Chosen | null,
  ) {
    this.#chosen = chosen;
  }

  get resolution(): DailyNode["resolution"] {
    const chosen = this.#chosen;
    return chosen && (() => chosen.resolution());
  }

  get metric() {
    return this.value.metric;
  }
  get day() {
    return this.value.day;
  }
  get fetchedAt() {
    return this.value.fetchedAt;
  }
  get completeness() {
    return this.value.completeness;
  }
  get score() {
    return this.value.score;
  }
  get contributors() {
    return this.value.contributors;
  }
  get bedtimeStart() {
    return this.value.bedtimeStart;
  }
  get bedtimeEnd() {
    return this.value.bedtimeEnd;
  }
  get inBedSeconds() {
    return this.value.inBedSeconds;
  }
  get asleepSeconds() {
    return this.value.asleepSeconds;
  }
  get awakeSeconds() {
    return this.value.awakeSeconds;
  }
  get lightSeconds() {
    return this.value.lightSeconds;
  }
  get deepSeconds() {
    return this.value.deepSeconds;
  }
  get remSeconds() {
    return this.value.remSeconds;
  }
  get latencySeconds() {
    return this.value.latencySeconds;
  }
  get efficiencyPercent() {
    return this.value.efficiencyPercent;
  }
  get averageHeartRateBpm() {
    return this.value.averageHeartRateBpm;
  }
  get lowestHeartRateBpm() {
    return this.value.lowestHeartRateBpm;
  }
  get averageHrv() {
    return this.value.averageHrv;
  }
  get breathsPerMinute() {
    return this.value.breathsPerMinute;
  }
  get temperatureDeviationCelsius() {
    return this.value.temperatureDeviationCelsius;
  }
  get temperatureTrendDeviationCelsius() {
    return this.value.temperatureTrendDeviationCelsius;
  }
  get restingHeartRateBpm() {
    return this.value.restingHeartRateBpm;
  }
  get hrv() {
    return this.value.hrv;
  }
  get spo2Percent() {
    return this.value.spo2Percent;
  }
  get skinTemperatureCelsius() {
    return this.value.skinTemperatureCelsius;
  }
  get ansCharge() {
    return this.value.ansCharge;
  }
  get steps() {
    return this.value.steps;
  }
  get distanceMeters() {
    return this.value.distanceMeters;
  }
  get equivalentWalkingDistanceMeters() {
    return this.value.equivalentWalkingDistanceMeters;
  }
  get activeEnergyKilocalories() {
    return this.value.activeEnergyKilocalories;
  }
  get totalEnergyKilocalories() {
    return this.value.totalEnergyKilocalories;
  }
  get highActivitySeconds() {
    return this.value.highActivitySeconds;
  }
  get mediumActivitySeconds() {
    return this.value.mediumActivitySeconds;
  }
  get lowActivitySeconds() {
    return this.value.lowActivitySeconds;
  }
  get sedentarySeconds() {
    return this.value.sedentarySeconds;
  }
  get restingSeconds() {
    return this.value.restingSeconds;
  }
  get nonWearSeconds() {
    return this.value.nonWearSeconds;
  }
  get inactivityAlerts() {
    return this.value.inactivityAlerts;
  }
  get strain() {
    return this.value.strain;
  }
  get method() {
    return this.value.method;
  }
  get averageMilliseconds() {
    return this.value.averageMilliseconds;
  }
  get minimumMilliseconds() {
    return this.value.minimumMilliseconds;
  }
  get maximumMilliseconds() {
    return this.value.maximumMilliseconds;
  }
  get samples() {
    return this.value.samples;
  }

  /** The same node as one that was asked for by itself, which is no choice. */
  unchosen(): DayNode {
    return new DayNode(this.__typename, this.id, this.provider, this.sessions, this.value, null);
  }
}

/** The node of a provider's day; `person`: the person's own id; `chosen`: null where it was asked for by itself. */
export function dailyNode(person: string, { provider, value }: SourcedDay, chosen: Chosen | null): DailyNode {
  const { metric, day } = value;
  const method = value.metric === "HRV" ? value.method : null;
  const id = encodeNodeId({ type: "Daily", person, metric, provider, day, method });
  const sessions =
    value.metric === "SLEEP" ? once(() => sessionNodes(person, provider, day, value.sessions)) : undefined;
  return new DayNode(TYPE_NAMES[metric], id, provider, sessions, value, chosen) as unknown as DailyNode;
}

/** A node of a day that was asked for by itself, which is no choice: without a resolution. */
export function unchosen(node: DailyNode): DailyNode {
  return (node as unknown as DayNode).unchosen() as unknown as DailyNode;
}
