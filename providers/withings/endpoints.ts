import type { z } from "zod";
import { dayUnder, type Endpoint, expectShape, type Page, readDocuments, WireError } from "../contract";
import { activityDocument, sleepDocument } from "./mapping";
import { activityAnswer, dailyActivity, sleepSummary, summaryAnswer } from "./wire";
import { ACTIVITY_FIELDS, SLEEP_FIELDS } from "./wire-fields";

/** What tells one of the vendor's services from another at one address. */
interface Service {
  readonly path: string;
  readonly action: string;
  readonly fields: readonly string[];
}

function request({ path, action, fields }: Service): Endpoint["request"] {
  return (window, cursor) => ({
    method: "POST",
    path,
    form: {
      action,
      startdateymd: window.start,
      enddateymd: window.end,
      data_fields: fields.join(","),
      ...(cursor === null ? {} : { offset: cursor }),
    },
  });
}

type Paging = Pick<z.infer<typeof summaryAnswer>["body"], "more" | "offset">;

/** The offset of the next page as text; it comes on the last page too and then means nothing. */
function cursorOf({ more, offset }: Paging): Page["cursor"] {
  if (!more) return null;
  if (offset === null || offset === undefined) throw new WireError("body.offset", "a further page without its offset");
  return String(offset);
}

/** The endpoints that this adapter reads. Whether `enddateymd` is within the range is nowhere said. */
export const endpoints: readonly Endpoint[] = [
  {
    name: "sleep_summary",
    yields: ["sleep_score", "sleep_session", "hrv"],
    fills: [
      "score",
      "bedtimeStart",
      "bedtimeEnd",
      "inBedSeconds",
      "asleepSeconds",
      "awakeSeconds",
      "lightSeconds",
      "deepSeconds",
      "remSeconds",
      "latencySeconds",
      "efficiencyPercent",
      "averageHeartRateBpm",
      "lowestHeartRateBpm",
      "averageHrv",
      "breathsPerMinute",
      "sessions",
      "averageMilliseconds",
    ],
    hrvMethods: ["RMSSD", "SDNN"],
    scopes: ["user.activity"],
    // Whether the range is of the beginning, the end or the `date` of a sleep is nowhere said.
    margin: { before: 1, after: 1 },
    request: request({ path: "/v2/sleep", action: "getsummary", fields: SLEEP_FIELDS }),
    read: (body) => {
      const answer = expectShape(summaryAnswer, body).body;
      const page = readDocuments(answer.series, sleepSummary, sleepDocument, dayUnder("date"));
      return { ...page, cursor: cursorOf(answer) };
    },
  },
  {
    name: "activity",
    yields: ["activity"],
    fills: [
      "steps",
      "distanceMeters",
      "activeEnergyKilocalories",
      "totalEnergyKilocalories",
      "highActivitySeconds",
      "mediumActivitySeconds",
      "lowActivitySeconds",
    ],
    scopes: ["user.activity"],
    margin: { before: 0, after: 1 },
    request: request({ path: "/v2/measure", action: "getactivity", fields: ACTIVITY_FIELDS }),
    read: (body) => {
      const answer = expectShape(activityAnswer, body).body;
      const page = readDocuments(answer.activities, dailyActivity, activityDocument, dayUnder("date"));
      return { ...page, cursor: cursorOf(answer) };
    },
  },
];
