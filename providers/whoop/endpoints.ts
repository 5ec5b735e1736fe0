import type { z } from "zod";
import { addDays } from "../../src/domain/days";
import { type Endpoint, expectShape, readDocuments, type WireDocument } from "../contract";
import { cycleDocument, recoveryDocument, sleepDay, sleepDocument } from "./mapping";
import { cycle, listAnswer, recovery, sleep } from "./wire";

/** Path before every resource. */
export const ROOT = "/developer/v2/";

/** The most documents that a page holds. */
const PAGE = "25";

type Facts = Omit<Endpoint, "request" | "read">;

/** A list endpoint: asked by instants in camelCase, answered `{records, next_token}`, newest first. */
function list<T>(
  facts: Facts,
  resource: string,
  schema: z.ZodType<T>,
  toDocument: (item: T, raw: unknown) => WireDocument,
  dayOf?: Parameters<typeof readDocuments>[3],
): Endpoint {
  const path = ROOT + resource;
  const readAll = (items: readonly unknown[]) => readDocuments(items, schema, toDocument, dayOf);
  return {
    ...facts,
    // `end` is exclusive; which documents a bound takes in is decided by their instants, not by a day.
    request: (window, cursor) => ({
      method: "GET",
      path,
      query: {
        limit: PAGE,
        start: `${window.start}T00:00:00.000Z`,
        end: `${addDays(window.end, 1)}T00:00:00.000Z`,
        ...(cursor === null ? {} : { nextToken: cursor }),
      },
    }),
    read: (body) => {
      const answer = expectShape(listAnswer, body);
      return { ...readAll(answer.records), cursor: answer.next_token || null };
    },
    // A recovery has no id of its own.
    ...(facts.name === "recovery"
      ? {}
      : {
          document: {
            request: (id: string) => ({ method: "GET" as const, path: `${path}/${encodeURIComponent(id)}` }),
            read: (body: unknown) => ({ ...readAll([body]), cursor: null }),
          },
        }),
  };
}

/** A night begins up to a day before its day, and its day begins and ends up to 14 hours away from that of UTC. */
const MARGIN = { before: 2, after: 1 };

/** The endpoints that this adapter reads. Recoveries and cycles name no day: without the sleeps they have none. */
export const endpoints: readonly Endpoint[] = [
  list(
    {
      name: "sleep",
      yields: ["sleep_session", "sleep_score"],
      fills: [
        "bedtimeStart",
        "bedtimeEnd",
        "inBedSeconds",
        "asleepSeconds",
        "awakeSeconds",
        "lightSeconds",
        "deepSeconds",
        "remSeconds",
        "efficiencyPercent",
        "breathsPerMinute",
        "sessions",
        "score",
      ],
      scopes: ["read:sleep"],
      margin: MARGIN,
    },
    "activity/sleep",
    sleep,
    sleepDocument,
    sleepDay,
  ),
  list(
    {
      name: "recovery",
      yields: ["readiness", "hrv"],
      fills: ["score", "restingHeartRateBpm", "hrv", "spo2Percent", "skinTemperatureCelsius", "averageMilliseconds"],
      hrvMethods: ["RMSSD"],
      scopes: ["read:recovery", "read:sleep"],
      margin: MARGIN,
      daysFrom: "sleep",
    },
    "recovery",
    recovery,
    recoveryDocument,
  ),
  list(
    {
      name: "cycle",
      yields: ["activity"],
      fills: ["totalEnergyKilocalories", "strain"],
      scopes: ["read:cycles", "read:sleep"],
      margin: MARGIN,
      daysFrom: "sleep",
      // A cycle lasts until its wearer falls asleep again.
      dayEndsAtHour: 28,
    },
    "cycle",
    cycle,
    cycleDocument,
  ),
];
