import type { z } from "zod";
import { dayNumber } from "../../src/domain/days";
import { instantAt } from "../../src/domain/instants";
import type { ActivityRecord } from "../../src/domain/records";
import type { WireDocument } from "../contract";
import { sleepKey, sleepRecords } from "./mapping-sleep";
import { offsetsOf } from "./mapping-zone";
import type { dailyActivity, sleepSummary } from "./wire";

/** A document with the instant of its last revision, where the vendor tells one. */
function documentOf(id: string, raw: unknown, records: WireDocument["records"], modified: number | null): WireDocument {
  return { id, raw, records, ...(modified === null ? {} : { revisedAt: instantAt(modified, null) }) };
}

/** One sleep and what it means. */
export function sleepDocument(wire: z.infer<typeof sleepSummary>, raw: unknown): WireDocument {
  return documentOf(sleepKey(wire), raw, sleepRecords(wire), wire.modified);
}

/** One day's activity, from midnight to midnight in the wearer's zone. It has no id: there is one a day. */
export function activityDocument(wire: z.infer<typeof dailyActivity>, raw: unknown): WireDocument {
  const offsetAt = offsetsOf(wire.timezone);
  const noonInUtc = (dayNumber(wire.date) + 0.5) * 86_400;
  const noon = noonInUtc - (offsetAt(noonInUtc) ?? 0) * 60;
  const offset = offsetAt(noon);
  const record: ActivityRecord = {
    kind: "activity",
    key: wire.date,
    day: wire.date,
    // The vendor gives a day and its zone, and no instant: noon stands for the day.
    ...(offset === null ? {} : { at: instantAt(noon, offset) }),
    score: null,
    contributors: [],
    steps: wire.steps,
    distanceMeters: wire.distance,
    equivalentWalkingDistanceMeters: null,
    activeEnergyKilocalories: wire.calories,
    totalEnergyKilocalories: wire.totalcalories,
    highActivitySeconds: wire.intense,
    mediumActivitySeconds: wire.moderate,
    lowActivitySeconds: wire.soft,
    sedentarySeconds: null,
    restingSeconds: null,
    nonWearSeconds: null,
    inactivityAlerts: null,
  };
  return documentOf(wire.date, raw, [record], wire.modified);
}
