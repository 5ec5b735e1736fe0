import type { z } from "zod";
import { MEASURED_FIELDS } from "../../src/domain/measured";
import type { WearableRecord } from "../../src/domain/records";
import { dayUnder, type Endpoint, expectShape, readDocuments } from "../contract";
import { activity, readiness, sessions, sleepScore } from "./mapping";
import { dailyActivity, dailyReadiness, dailySleep, listAnswer } from "./wire";
import { sleepHead } from "./wire-sleep";

/** Path before the name of each endpoint. */
export const COLLECTION = "/v2/usercollection/";

type Facts = Omit<Endpoint, "request" | "read">;

/** A list endpoint: `{data, next_token}`, asked by `start_date` and `end_date`. */
function list<T extends { id: string }>(
  facts: Facts,
  schema: z.ZodType<T>,
  records: (item: T, raw: unknown) => readonly WearableRecord[],
): Endpoint {
  const path = COLLECTION + facts.name;
  const toDocument = (item: T, raw: unknown) => ({ id: item.id, raw, records: records(item, raw) });
  const readAll = (items: readonly unknown[]) => readDocuments(items, schema, toDocument, dayUnder("day"));
  return {
    ...facts,
    // A following page that is asked for by next_token alone may lose the range.
    request: (window, cursor) => ({
      method: "GET",
      path,
      query: {
        start_date: window.start,
        end_date: window.end,
        ...(cursor === null ? {} : { next_token: cursor }),
      },
    }),
    read: (body) => {
      const answer = expectShape(listAnswer, body);
      return { ...readAll(answer.data), cursor: answer.next_token || null };
    },
    document: {
      request: (id) => ({ method: "GET", path: `${path}/${encodeURIComponent(id)}` }),
      read: (body) => ({ ...readAll([body]), cursor: null }),
    },
  };
}

/** The endpoints that this adapter reads. Margins: a date-only `end_date` is that day's midnight, in a zone that Oura leaves open. */
export const endpoints: readonly Endpoint[] = [
  list(
    {
      name: "daily_sleep",
      yields: ["sleep_score"],
      fills: ["score"],
      scopes: ["daily"],
      margin: { before: 1, after: 1 },
      dayEndsAtHour: 18,
    },
    dailySleep,
    sleepScore,
  ),
  list(
    {
      name: "sleep",
      yields: ["sleep_session", "hrv"],
      fills: [...MEASURED_FIELDS.SLEEP.filter((name) => name !== "score"), ...MEASURED_FIELDS.HRV],
      hrvMethods: ["RMSSD"],
      scopes: ["daily"],
      // Filtered by bedtime_start, which lies on the day or up to a day before it.
      margin: { before: 1, after: 2 },
      dayEndsAtHour: 18,
    },
    sleepHead,
    sessions,
  ),
  list(
    {
      name: "daily_readiness",
      yields: ["readiness"],
      fills: ["score", "temperatureDeviationCelsius", "temperatureTrendDeviationCelsius"],
      scopes: ["daily"],
      margin: { before: 1, after: 1 },
    },
    dailyReadiness,
    readiness,
  ),
  list(
    {
      name: "daily_activity",
      yields: ["activity"],
      fills: [
        "score",
        "steps",
        "equivalentWalkingDistanceMeters",
        "activeEnergyKilocalories",
        "totalEnergyKilocalories",
        "highActivitySeconds",
        "mediumActivitySeconds",
        "lowActivitySeconds",
        "sedentarySeconds",
        "restingSeconds",
        "nonWearSeconds",
        "inactivityAlerts",
      ],
      scopes: ["daily"],
      margin: { before: 1, after: 1 },
      dayEndsAtHour: 28,
    },
    dailyActivity,
    activity,
  ),
];
