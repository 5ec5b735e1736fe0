import type { CivilDay } from "./days";
import type { Instant } from "./instants";

/** What a record is about; the closed list that assembly understands. */
export type RecordKind = "sleep_score" | "sleep_session" | "readiness" | "activity" | "hrv";

/** How a heart rate variability was computed; different methods are different quantities. */
export type HrvMethod = "RMSSD" | "SDNN" | "UNKNOWN";

/** A sleep stage; ASLEEP: asleep, stage not told. */
export type SleepStage = "AWAKE" | "ASLEEP" | "LIGHT" | "DEEP" | "REM" | "UNKNOWN";

/** A part of a score, 0 to 100: a score of its own, never a measurement. `key` is null where the common vocabulary has no counterpart. */
export interface ContributorScore {
  readonly key: string | null;
  readonly nativeKey: string;
  readonly score: number | null;
}

/** One stretch of a hypnogram in one stage. */
export interface StageSpan {
  readonly stage: SleepStage;
  readonly start: Instant;
  readonly end: Instant;
}

/** A heart rate variability with the method that it was computed by, in milliseconds. */
export interface HrvAverage {
  readonly milliseconds: number;
  readonly method: HrvMethod;
}

/** One sample of heart rate variability, in milliseconds. */
export interface HrvPoint {
  readonly at: Instant;
  readonly milliseconds: number;
}

/** One sample of heart rate variability, in milliseconds, that tells no more of its time than the wearer's wall clock `HH:MM`. */
export interface HrvClockPoint {
  readonly clock: string;
  readonly milliseconds: number;
}

interface RecordBase<K extends RecordKind> {
  readonly kind: K;
  /** The vendor's own id, or the instant where it gives none; unique within account, endpoint and kind. */
  readonly key: string;
  /** The provider's own civil day. */
  readonly day: CivilDay;
  /** An instant of the document at the wearer's offset, for kinds that carry no instants of their own. */
  readonly at?: Instant;
}

/** The vendor's score of a day's sleep, 0 to 100; null where it has none. */
export interface SleepScoreRecord extends RecordBase<"sleep_score"> {
  readonly score: number | null;
  readonly contributors: readonly ContributorScore[];
}

/** One stretch of sleep that counts. `nature`: a night can be the day's main sleep, a nap cannot. Null where the vendor does not say. */
export interface SleepSessionRecord extends RecordBase<"sleep_session"> {
  readonly nature: "night" | "nap";
  /** The vendor's physiological cycle that the session belongs to, where it has such. */
  readonly cycleKey?: string;
  readonly start: Instant;
  /** Null while the session lasts. */
  readonly end: Instant | null;
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
  /** The hypnogram by time, adjacent equal stages joined. */
  readonly stages: readonly StageSpan[];
}

/** The vendor's judgement of how ready a person is for a day. Temperatures are deviations from the person's own baseline. */
export interface ReadinessRecord extends RecordBase<"readiness"> {
  readonly score: number | null;
  readonly contributors: readonly ContributorScore[];
  readonly temperatureDeviationCelsius: number | null;
  readonly temperatureTrendDeviationCelsius: number | null;
  /** Measurements of the night, where the vendor gives them. */
  readonly restingHeartRateBpm?: number | null;
  readonly hrv?: HrvAverage | null;
  readonly spo2Percent?: number | null;
  /** Absolute, of the skin; never a deviation. */
  readonly skinTemperatureCelsius?: number | null;
  /** How the autonomic nervous system calmed down in the night against the wearer's usual, −10 to 10; 0 is usual. */
  readonly ansCharge?: number | null;
}

/** A day's activity: whole counts, seconds, metres and kilocalories. */
export interface ActivityRecord extends RecordBase<"activity"> {
  readonly score: number | null;
  readonly contributors: readonly ContributorScore[];
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
  /** Cardiovascular load of the day on a scale of its own, 0 to 21; no score. */
  readonly strain?: number | null;
  /** The vendor's day still runs, whatever the calendar says: these are the numbers so far. Default: it is over when the day is. */
  readonly running?: boolean;
}

/** Heart rate variability during one sleep session. `averageMilliseconds` is the vendor's own, never computed. */
export interface HrvRecord extends RecordBase<"hrv"> {
  readonly method: HrvMethod;
  /** The key of the sleep session that it was measured in. */
  readonly sessionKey: string;
  readonly averageMilliseconds: number | null;
  /** By time; missing ones left out. */
  readonly samples: readonly HrvPoint[];
  /** In place of `samples`, where the vendor gives wall-clock times alone: the session that they belong to tells the rest. */
  readonly clockSamples?: readonly HrvClockPoint[];
}

/** What a mapper makes of a vendor's document. */
export type WearableRecord = SleepScoreRecord | SleepSessionRecord | ReadinessRecord | ActivityRecord | HrvRecord;

/** A record whose day is that of a sleep session which its document names. */
export type UndatedRecord = WearableRecord extends infer R
  ? R extends WearableRecord
    ? Omit<R, "day">
    : never
  : never;

/** Samples as compact text; made and read by `packing.ts`. */
export type PackedSamples = string & { readonly __brand: "PackedSamples" };

/** A hypnogram as compact text; made and read by `packing.ts`. */
export type PackedStages = string & { readonly __brand: "PackedStages" };

/** Samples as a mapper gives them, or as kept. */
export type Samples = readonly HrvPoint[] | PackedSamples;

/** A hypnogram as a mapper gives it, or as kept. */
export type Stages = readonly StageSpan[] | PackedStages;

/** Contributors as compact text; made and read by `packing.ts`. */
export type PackedContributors = string & { readonly __brand: "PackedContributors" };

/** Contributors as a mapper gives them, or as kept. */
export type Contributors = readonly ContributorScore[] | PackedContributors;

type Packed<R> = R extends HrvRecord
  ? Omit<R, "samples"> & { readonly samples: Samples }
  : R extends SleepSessionRecord
    ? Omit<R, "stages"> & { readonly stages: Stages }
    : Omit<R, "contributors"> & { readonly contributors: Contributors };

/** A record whose lists may be compact text. */
export type StoredRecord = Packed<WearableRecord>;

/** A record as kept: what the mapper said, and when this revision of it was first received (epoch seconds). */
export interface KeptRecord {
  readonly endpoint: string;
  readonly receivedAt: number;
  readonly record: StoredRecord;
}
