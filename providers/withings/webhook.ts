import { z } from "zod";
import { addDays, type CivilDay, type DayRange } from "../../src/domain/days";
import { dayAt } from "../../src/domain/instants";
import {
  civilDayText,
  documentId,
  expectShape,
  type SyntheticEvent,
  type WebhookEvent,
  type WebhookProfile,
} from "../contract";

/** Seconds since 1970 of the years 2000 to 2199. */
const epoch = z
  .string()
  .regex(/^\d{9,10}$/)
  .transform(Number)
  .pipe(z.number().min(946_684_800).max(7_258_118_399));

const notice = z.object({
  userid: documentId,
  appli: z.string().regex(/^\d{1,4}$/),
  startdate: epoch.optional(),
  enddate: epoch.optional(),
  date: civilDayText.optional(),
});

/** What each category of notices is about, of that which is read here. */
const ENDPOINTS: Readonly<Record<string, string>> = { "16": "activity", "44": "sleep_summary" };

/** The days that a stretch may belong to: its wearer's zone is not told. */
function daysOf({ startdate, enddate, date }: z.infer<typeof notice>): { days?: DayRange } {
  if (date !== undefined) return { days: { start: date, end: date } };
  if (startdate === undefined || enddate === undefined || enddate < startdate) return {};
  const [start, end]: [CivilDay, CivilDay] = [dayAt(startdate, -12 * 60), dayAt(enddate, 14 * 60)];
  return end > addDays(start, 30) ? {} : { days: { start, end } };
}

/** A notice has no id: the same words may be said of a later change. */
function read(body: unknown): WebhookEvent[] {
  const fields = expectShape(notice, body);
  const { userid, appli, startdate, enddate, date } = fields;
  const endpoint = ENDPOINTS[appli];
  return [
    {
      key: JSON.stringify([userid, appli, startdate ?? null, enddate ?? null, date ?? null]),
      repeats: true,
      vendorUserId: userid,
      change: "updated",
      endpoints: endpoint === undefined ? [] : [endpoint],
      ...daysOf(fields),
    },
  ];
}

/**
 * Withings' notices: forms without a signature, one subscription for each user and category.
 * @see README.md, "Webhooks"
 */
export const webhook: WebhookProfile = { signature: "secret_path", format: "form", answerWithinSeconds: 2, read };

/** The notice of a change, as Withings' cloud sends it. */
export function syntheticNotice({ endpoint, document, day, person }: SyntheticEvent): unknown {
  const { startdate, enddate } = document as { readonly startdate?: number; readonly enddate?: number };
  if (endpoint === "activity") return { userid: person.vendorUserId, appli: 16, date: day };
  return { userid: person.vendorUserId, appli: 44, startdate, enddate };
}
