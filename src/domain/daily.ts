import type { CivilDay } from "./days";
import type { Instant } from "./instants";
import type { Contributors, HrvAverage, HrvMethod, Samples, Stages } from "./records";
import { Slotted } from "./slot";

/** FINAL: settled. PROVISIONAL: whole, but may be revised. IN_PROGRESS: a running total, or a night not over. */
export type Completeness = "FINAL" | "PROVISIONAL" | "IN_PROGRESS";

/** MAIN: the day's main night, at most one. SECONDARY: another night. NAP: all others. */
export type SleepSessionType = "MAIN" | "SECONDARY" | "NAP";

/** What every assembled day carries. `fetchedAt`: epoch seconds at which this revision was first received. */
export interface DailyBase {
  readonly day: CivilDay;
  readonly fetchedAt: number;
  readonly completeness: Completeness;
}

/** A session of an assembled day; null where the provider does not say. */
export interface SleepSessionDay {
  readonly sessionType: SleepSessionType;
  readonly start: Instant;
  readonly end: Instant | null;
  readonly inBedSeconds: number | null;
  readonly asleepSeconds: number | null;
  readonly awakeSeconds: number | null;
  readonly lightSeconds: number | null;
  readonly deepSeconds: number | null;
  readonly remSeconds: number | null;
  readonly stages: Stages;
}

/** A day's sleep at one provider: the score and, from `bedtimeStart` on, the main session's values. */
export interface SleepDay extends DailyBase {
  readonly metric: "SLEEP";
  readonly score: number | null;
  readonly contributors: Contributors;
  readonly bedtimeStart: Instant | null;
  readonly bedtimeEnd: Instant | null;
  readonly inBedSeconds: number | null;
  readonly asleepSeconds: number | null;
  readonly awakeSeconds: number | null;
  readonly lightSeconds: number | null;
  readonly deepSeconds: number | null;
  readonly remSeconds: number | null;
  readonly latencySeconds: number | null;
  readonly efficiencyPercent: number | null;
  readonly averageHeartRateBpm: number | null;
  readonly lowestHeartRateBpm: number | null;
  readonly averageHrv: HrvAverage | null;
  readonly breathsPerMinute: number | null;
  readonly sessions: readonly SleepSessionDay[];
}

/** A day's readiness at one provider. */
export interface ReadinessDay extends DailyBase {
  readonly metric: "READINESS";
  readonly score: number | null;
  readonly contributors: Contributors;
  readonly temperatureDeviationCelsius: number | null;
  readonly temperatureTrendDeviationCelsius: number | null;
  readonly restingHeartRateBpm: number | null;
  readonly hrv: HrvAverage | null;
  readonly spo2Percent: number | null;
  readonly skinTemperatureCelsius: number | null;
  readonly ansCharge: number | null;
}

/** A day's activity at one provider. */
export interface ActivityDay extends DailyBase {
  readonly metric: "ACTIVITY";
  readonly score: number | null;
  readonly contributors: Contributors;
  readonly steps: number | null;
  readonly distanceMeters: number | null;
  readonly equivalentWalkingDistanceMeters: number | null;
  readonly activeEnergyKilocalories: number | null;
  readonly totalEnergyKilocalories: number | null;
  readonly highActivitySeconds: number | null;
  readonly mediumActivitySeconds: number | null;
  readonly lowActivitySeconds: number | null;
  readonly sedentarySeconds: number | null;
  readonly restingSeconds: number | null;
  readonly nonWearSeconds: number | null;
  readonly inactivityAlerts: number | null;
  readonly strain: number | null;
}

/** Heart rate variability of a day's main sleep at one provider, by one method; minimum and maximum are over the samples. */
export interface HrvDay extends DailyBase {
  readonly metric: "HRV";
  readonly method: HrvMethod;
  readonly averageMilliseconds: number | null;
  readonly minimumMilliseconds: number | null;
  readonly maximumMilliseconds: number | null;
  readonly samples: Samples;
}

/** A day of one metric at one provider, assembled from its records. */
export type DailyValue = SleepDay | ReadinessDay | ActivityDay | HrvDay;

/** One provider's assembled day. */
export interface SourcedDay {
  readonly provider: string;
  readonly value: DailyValue;
}

/** The same with a place for what is made of it. */
export class AssembledDay extends Slotted implements SourcedDay {
  constructor(
    readonly provider: string,
    readonly value: DailyValue,
  ) {
    super();
  }
}
