import type { SyntheticAnswer } from "../../providers/contract";
import { oura } from "../../providers/oura";
import { addDays, civilDay, daysOf } from "../../src/domain/days";
import { LAST_400_DAYS, somebody } from "./people";

const person = somebody({ seed: 21, offsetMinutes: -420 });
const { synthetic } = oura;

interface Listed {
  readonly data: readonly { readonly id: string; readonly day: string; readonly bedtime_start: string }[];
  readonly next_token: string | null;
  readonly detail: unknown;
}

function send(
  path: string,
  query: Record<string, string> = {},
  options: { grantedScopes?: string[]; pageSize?: number; method?: string } = {},
): SyntheticAnswer & { body: Listed } {
  const answer = synthetic.answer({
    method: options.method ?? "GET",
    path: `/v2/usercollection/${path}`,
    query,
    form: {},
    grantedScopes: options.grantedScopes ?? ["extapi:daily"],
    person,
    pageSize: options.pageSize ?? null,
    documents: (name, range) => daysOf(range).flatMap((day) => synthetic.documents(name, person, day, 0)),
  });
  return answer as SyntheticAnswer & { body: Listed };
}

const daysIn = (answer: { body: Listed }) => [...new Set(answer.body.data.map(({ day }) => day))];
/** Four days on which the ring was worn. */
const [first, second, third, fourth] = (() => {
  const worn = new Set(daysIn(send("daily_sleep", { start_date: LAST_400_DAYS.start, end_date: LAST_400_DAYS.end })));
  const start = daysOf(LAST_400_DAYS).find((day) => [0, 1, 2, 3].every((count) => worn.has(addDays(day, count))));
  return [0, 1, 2, 3].map((count) => addDays(start ?? civilDay("2000-01-01"), count)) as string[];
})() as [string, string, string, string];

describe("the stand-in's habits", () => {
  test("a date-only end is that day's midnight: the day of daily_activity is out, of daily_sleep and daily_readiness in", () => {
    const query = { start_date: first, end_date: second };
    expect(daysIn(send("daily_activity", query))).toEqual([first]);
    expect(daysIn(send("daily_sleep", query))).toEqual([first, second]);
    expect(daysIn(send("daily_readiness", query))).toEqual([first, second]);
    expect(daysIn(send("daily_activity", { ...query, end_date: `${second}T23:59:59` }))).toEqual([first, second]);
  });

  test("sleep is filtered by the beginning of the bedtime, not by day", () => {
    const { data } = send("sleep", { start_date: second, end_date: third }).body;
    expect(data.length).toBeGreaterThan(0);
    for (const { bedtime_start } of data) {
      expect(bedtime_start >= second && bedtime_start.slice(0, 19) <= `${third}T00:00:00`).toBe(true);
    }
  });

  test("everything comes in one page unless a page size is asked for, and page by page it is the same", () => {
    const query = { start_date: first, end_date: fourth };
    const whole = send("daily_sleep", query).body;
    expect([whole.data.length, whole.next_token]).toEqual([4, null]);
    const one = send("daily_sleep", query, { pageSize: 3 }).body;
    const two = send("daily_sleep", { ...query, next_token: one.next_token ?? "" }, { pageSize: 3 }).body;
    expect([...one.data, ...two.data]).toEqual(whole.data);
    expect(two.next_token).toBeNull();
  });

  test("a following page asked for without its range is of another range", () => {
    const query = { start_date: first, end_date: fourth };
    const next_token = send("daily_sleep", query, { pageSize: 1 }).body.next_token ?? "";
    const lost = send("daily_sleep", { next_token }, { pageSize: 1 }).body;
    const kept = send("daily_sleep", { ...query, next_token }, { pageSize: 1 }).body;
    expect(kept.data[0]?.day).toBe(second);
    expect(lost.data.map(({ day }) => day)).not.toContain(second);
  });

  test("numbers are taken as seconds since 1970, years without data are empty", () => {
    expect(send("sleep", { start_date: "1", end_date: "2" })).toEqual({
      status: 200,
      body: { data: [], next_token: null },
    });
    const ancient = send("daily_sleep", { start_date: "0024-11-11", end_date: second });
    expect(ancient.status).toBe(200);
    expect(daysIn(ancient)).toContain(second);
    expect(send("daily_sleep", { start_date: "0024-11-11", end_date: "0024-11-12" }).body.data).toEqual([]);
    expect(send("daily_sleep", { start_date: "2150-01-01", end_date: "9999-11-12" }).body.data).toEqual([]);
  });

  test.each(["2026-02-30", "2026-1-1", "now", "2026-01-01T25", "9".repeat(30)])(
    "the date %s is a 422 that names it",
    (text) => {
      const answer = send("sleep", { start_date: text, end_date: second });
      expect(answer.status).toBe(422);
      expect(answer.body.detail).toMatchObject([
        { loc: ["query", "start_date"], msg: expect.any(String), type: expect.any(String) },
      ]);
    },
  );

  test("a range upside down and a token that is none are 400", () => {
    expect(send("sleep", { start_date: third, end_date: second }).status).toBe(400);
    expect(send("sleep", { start_date: second, end_date: third, next_token: "garbage" }).status).toBe(400);
  });

  test("one document by id; 404 in the vendor's words; nothing for unknown paths", () => {
    const [document] = send("daily_sleep", { start_date: first, end_date: first }).body.data;
    expect(send(`daily_sleep/${document?.id}`)).toEqual({ status: 200, body: document });
    expect(send("daily_sleep/not-existing")).toEqual({ status: 404, body: { detail: "Document not found." } });
    expect(send("daily_sleep/%E0%A4%A")).toMatchObject({ status: 404 });
    expect(send("blood_pressure")).toBeNull();
    expect(send("daily_sleep/a/b")).toBeNull();
    expect(send("sleep", {}, { method: "POST" }).status).toBe(405);
  });

  test("401 names the scope that is missing; personal_info gives what the scopes allow", () => {
    const refused = send("sleep", {}, { grantedScopes: ["extapi:personal"] });
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([401, expect.stringContaining("daily")]);
    expect(send("personal_info", {}, { grantedScopes: ["extapi:daily"] }).body).toEqual({
      ...{ id: person.vendorUserId, age: null, weight: null, height: null, biological_sex: null, email: null },
    });
    expect(send("personal_info", {}, { grantedScopes: ["personal", "email"] }).body).toEqual({
      ...{ id: person.vendorUserId, age: expect.any(Number), weight: expect.any(Number), height: expect.any(Number) },
      ...{ biological_sex: expect.stringMatching(/^(fe)?male$/), email: expect.stringContaining("@") },
    });
  });

  test("a year holds what real years hold: other sessions, types that do not count, sentinels, nulls, other dates", () => {
    const all = send("sleep", { start_date: LAST_400_DAYS.start, end_date: addDays(LAST_400_DAYS.end, 1) }).body
      .data as readonly Record<string, unknown>[];
    const types = new Set(all.map(({ type }) => type));
    expect(types).toEqual(new Set(["long_sleep", "sleep", "late_nap", "rest", "deleted"]));
    expect(all.some(({ lowest_heart_rate }) => lowest_heart_rate === 255)).toBe(true);
    expect(all.some(({ hrv, average_hrv }) => hrv === null && average_hrv === null)).toBe(true);
    expect(all.some(({ day, bedtime_end }) => !String(bedtime_end).startsWith(String(day)))).toBe(true);
    const nights = new Map<unknown, number>();
    for (const { day, type } of all) if (type === "long_sleep") nights.set(day, (nights.get(day) ?? 0) + 1);
    expect([...nights.values()].some((count) => count === 2)).toBe(true);
    const spans = all.map(({ bedtime_start, bedtime_end }) => [
      Date.parse(String(bedtime_start)),
      Date.parse(String(bedtime_end)),
    ]);
    const overlaps = spans.filter(([start = 0], index) => (spans[index - 1]?.[1] ?? 0) > start);
    expect(overlaps).toEqual([]);
  });
});
