import type { z } from "zod";
import { type CivilDay } from "../../src/domain/days";
import { dayAt, epochSeconds, type Instant, instantAt, parseInstant } from "../../src/domain/instants";
import type { UndatedRecord } from "../../src/domain/records";
import { type WireDocument, WireError } from "../contract";
import { sleepRecords } from "./mapping-sleep";
import { type cycle, offsetText, type recovery, scored, type sleep } from "./wire";

const KILOJOULES_PER_KILOCALORIE = 4.184;
/** The longest cycle in seconds that is believed: a day and a half without sleep, and as much again. */
const LONGEST_CYCLE = 3 * 86_400;

function revisedAt(instant: Instant | null): Pick<WireDocument, "revisedAt"> {
  return instant === null ? {} : { revisedAt: instant };
}

/** A sleep: its session, and WHOOP's score of a night. */
export function sleepDocument(wire: z.infer<typeof sleep>, raw: unknown): WireDocument {
  return { id: wire.id, raw, records: sleepRecords(wire), ...revisedAt(wire.updated_at) };
}

/** The day of a sleep that could not be read: the wearer's date at its end, where at least these two can be. */
export function sleepDay(raw: unknown): CivilDay | null {
  const field = (name: string): unknown => (raw instanceof Object ? Reflect.get(raw, name) : null);
  const end = field("end");
  const instant = typeof end === "string" ? parseInstant(end) : null;
  const offset = offsetText.safeParse(field("timezone_offset"));
  return instant !== null && offset.success ? dayAt(epochSeconds(instant), offset.data) : null;
}

/** A recovery, which belongs to a sleep and has neither id nor day of its own. */
export function recoveryDocument(wire: z.infer<typeof recovery>, raw: unknown): WireDocument {
  const key = wire.sleep_id;
  const score = scored(wire);
  const milliseconds = score?.hrv_rmssd_milli ?? null;
  const readiness: UndatedRecord = {
    kind: "readiness",
    key,
    score: score?.recovery_score ?? null,
    contributors: [],
    temperatureDeviationCelsius: null,
    temperatureTrendDeviationCelsius: null,
    restingHeartRateBpm: score?.resting_heart_rate ?? null,
    hrv: milliseconds === null ? null : { milliseconds, method: "RMSSD" },
    spo2Percent: score?.spo2_percentage ?? null,
    skinTemperatureCelsius: score?.skin_temp_celsius ?? null,
  };
  const hrv: UndatedRecord[] =
    milliseconds === null
      ? []
      : [{ kind: "hrv", key, method: "RMSSD", sessionKey: key, averageMilliseconds: milliseconds, samples: [] }];
  const undated = { of: { session: key }, records: [readiness, ...hrv] };
  return { id: key, raw, records: [], undated, ...revisedAt(wire.updated_at) };
}

/**
 * A physiological cycle, which begins with a night and has that night's day; one without a night has the wearer's date at its end.
 * Throws {@link WireError} where it ends before it begins or lasts longer than three days.
 */
export function cycleDocument(wire: z.infer<typeof cycle>, raw: unknown): WireDocument {
  const { id, timezone_offset: offset } = wire;
  const start = epochSeconds(wire.start);
  const end = wire.end ? epochSeconds(wire.end) : null;
  if (end !== null && (end <= start || end - start > LONGEST_CYCLE)) throw new WireError("end", "implausible length");
  const score = scored(wire);
  const kilojoules = score?.kilojoule ?? null;
  const activity: UndatedRecord = {
    kind: "activity",
    key: id,
    at: instantAt(end ?? start, offset),
    score: null,
    contributors: [],
    steps: null,
    distanceMeters: null,
    equivalentWalkingDistanceMeters: null,
    activeEnergyKilocalories: null,
    totalEnergyKilocalories: kilojoules === null ? null : kilojoules / KILOJOULES_PER_KILOCALORIE,
    highActivitySeconds: null,
    mediumActivitySeconds: null,
    lowActivitySeconds: null,
    sedentarySeconds: null,
    restingSeconds: null,
    nonWearSeconds: null,
    inactivityAlerts: null,
    strain: score?.strain ?? null,
    ...(end === null ? { running: true } : {}),
  };
  const otherwise = end === null ? {} : { otherwise: dayAt(end, offset) };
  const undated = { of: { cycle: id }, records: [activity], ...otherwise };
  return { id, raw, records: [], undated, ...revisedAt(wire.updated_at) };
}
