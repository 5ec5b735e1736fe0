import type { Page, SyntheticAnswer } from "../../providers/contract";
import { whoop } from "../../providers/whoop";
import { addDays, civilDay, type DayRange, daysOf } from "../../src/domain/days";
import { datedRecords, LAST_400_DAYS, pagesOf, somebody } from "./people";
import { rules } from "./rules";
import { loadSubject } from "./subject";

const person = somebody({ seed: 21, offsetMinutes: -420 });
const made = new Map<string, readonly unknown[]>();

type Fields = Readonly<Record<string, unknown>>;
interface Listed {
  readonly records: readonly Fields[];
  readonly next_token?: string;
  readonly message?: string;
}

function documents(name: string, range: DayRange): readonly unknown[] {
  return daysOf(range).flatMap((day) => {
    const key = `${name} ${day}`;
    const found = made.get(key) ?? whoop.synthetic.documents(name, person, day, 0);
    made.set(key, found);
    return found;
  });
}

function send(
  path: string,
  query: Record<string, string> = {},
  options: { scopes?: readonly string[]; method?: string } = {},
): SyntheticAnswer & { body: Listed } {
  const answer = whoop.synthetic.answer({
    ...{ method: options.method ?? "GET", path: `/developer/v2/${path}`, query, form: {}, person, pageSize: null },
    ...{ grantedScopes: options.scopes ?? whoop.oauth.defaultScopes, documents },
  });
  return answer as SyntheticAnswer & { body: Listed };
}

const endpoint = (name: string) => {
  const found = whoop.endpoints.find((entry) => entry.name === name);
  if (!found) throw new Error(`no endpoint ${name}`);
  return found;
};
const starts = (answer: { body: Listed }) => answer.body.records.map(({ start }) => String(start));

describe("the stand-in's habits", () => {
  test("a sleep is in a range that it touches: start inclusive, end exclusive, newest first", () => {
    const all = send("activity/sleep", { start: "2026-06-01T00:00:00Z", end: "2026-06-11T00:00:00Z", limit: "25" });
    expect(starts(all)).toEqual([...starts(all)].sort().reverse());
    const [one] = all.body.records;
    const [from, to] = [String(one?.["start"]), String(one?.["end"])];
    const ids = (query: Record<string, string>) => send("activity/sleep", query).body.records.map(({ id }) => id);
    const second = (text: string, by: number) =>
      new Date(Date.parse(text.replace(/\.\d+/, "")) + by * 1000).toISOString();
    expect(ids({ start: second(to, 0), end: second(to, 60) })).toContain(one?.["id"]);
    expect(ids({ start: second(to, 1), end: second(to, 60) })).not.toContain(one?.["id"]);
    expect(ids({ start: second(from, -60), end: second(from, 1) })).toContain(one?.["id"]);
    expect(ids({ start: second(from, -60), end: second(from, 0) })).not.toContain(one?.["id"]);
  });

  test("10 documents unless asked for more, at most 25; a token without its range is of another range", () => {
    const range = { start: "2026-03-01T00:00:00Z", end: "2026-05-01T00:00:00Z" };
    expect(send("cycle", range).body.records).toHaveLength(10);
    const one = send("cycle", { ...range, limit: "25" });
    expect(one.body.records).toHaveLength(25);
    const nextToken = one.body.next_token ?? "";
    const kept = starts(send("cycle", { ...range, limit: "25", nextToken }));
    expect(kept.every((start) => start < (starts(one).at(-1) ?? ""))).toBe(true);
    expect(starts(send("cycle", { limit: "25", nextToken })).some((start) => start > range.end)).toBe(true);
    expect(send("cycle", { start: range.start, end: "2026-03-03T00:00:00Z" }).body).not.toHaveProperty("next_token");
  });

  test.each([{ limit: "26" }, { limit: "0" }, { start: "2026-03-01" }, { end: "yesterday" }, { nextToken: "garbage" }])(
    "400 for %j",
    (query) => {
      expect(send("recovery", query as Record<string, string>).status).toBe(400);
    },
  );

  test("a range upside down is 400, years without data are empty", () => {
    expect(send("cycle", { start: "2026-03-02T00:00:00Z", end: "2026-03-01T00:00:00Z" }).status).toBe(400);
    const ancient = send("cycle", { start: "2001-01-01T00:00:00Z", end: "2002-01-01T00:00:00Z" });
    expect([ancient.status, ancient.body.records]).toEqual([200, []]);
  });

  test("single documents, a cycle's sleep and recovery, 404, 405, and nothing for unknown paths", () => {
    const nights = send("activity/sleep", { limit: "25" }).body.records.filter(({ nap }) => nap === false);
    const [night] = nights;
    const [id, cycle] = [String(night?.["id"]), String(night?.["cycle_id"])];
    expect(send(`activity/sleep/${id}`).body).toEqual(night);
    expect(send(`cycle/${cycle}/sleep`).body).toEqual(night);
    expect(send(`cycle/${cycle}/recovery`).body).toMatchObject({ sleep_id: id });
    expect(send(`cycle/${cycle}`).body).toMatchObject({ id: night?.["cycle_id"] });
    expect(send("cycle/1").status).toBe(404);
    expect(send("cycle", {}, { method: "POST" }).status).toBe(405);
    for (const path of [`recovery/${id}`, `activity/sleep/${id}/recovery`, "activity/workout", "sleep"]) {
      expect(send(path)).toBeNull();
    }
  });

  test("each resource wants its own scope", () => {
    const only = (scope: string) =>
      ["user/profile/basic", "activity/sleep", "recovery", "cycle"].map(
        (path) => send(path, {}, { scopes: [scope] }).status,
      );
    expect(only("read:profile")).toEqual([200, 401, 401, 401]);
    expect(only("read:sleep")).toEqual([401, 200, 401, 401]);
    expect(only("read:recovery")).toEqual([401, 401, 200, 401]);
    expect(only("read:cycles")).toEqual([401, 401, 401, 200]);
  });

  test("a year holds what real years hold: naps, nights without a score, running and sleepless cycles", () => {
    const read = (name: string): Page[] => pagesOf(whoop, endpoint(name), person, LAST_400_DAYS, null);
    const raw = (name: string) =>
      read(name).flatMap((page) => page.documents.map((document) => document.raw as Fields));
    const [sleeps, recoveries, cycles] = [raw("sleep"), raw("recovery"), raw("cycle")];
    expect(sleeps.some(({ nap }) => nap === true)).toBe(true);
    expect(sleeps.some(({ score_state }) => score_state === "UNSCORABLE")).toBe(true);
    expect(recoveries.some((recovery) => !("score" in recovery))).toBe(true);
    expect(cycles.filter((cycle) => !("end" in cycle))).toHaveLength(1);
    expect(cycles[0]).not.toHaveProperty("end");
    const slept = new Set(sleeps.map(({ cycle_id }) => cycle_id));
    expect(cycles.some(({ id }) => !slept.has(id))).toBe(true);
  });
});

describe("days of what names none", () => {
  const range = { start: addDays(LAST_400_DAYS.end, -90), end: addDays(LAST_400_DAYS.end, -1) };

  test("a recovery and a cycle have the day of their night, which its nap does not move", () => {
    const nights = new Map(
      datedRecords(whoop, endpoint("sleep"), person, range).flatMap((record) =>
        record.kind === "sleep_session" && record.nature === "night" ? [[record.key, record] as const] : [],
      ),
    );
    const readiness = datedRecords(whoop, endpoint("recovery"), person, range);
    expect(readiness.length).toBeGreaterThan(150);
    for (const { key, day } of readiness) expect(day).toBe(nights.get(key)?.day);
    const byCycle = new Map([...nights.values()].map(({ cycleKey, day }) => [cycleKey, day]));
    const cycles = datedRecords(whoop, endpoint("cycle"), person, range);
    expect(cycles.filter(({ key }) => byCycle.has(key)).length).toBeGreaterThan(80);
    for (const { key, day } of cycles) if (byCycle.has(key)) expect(day).toBe(byCycle.get(key));
  });

  test("a cycle without a night has the wearer's date at its end, a running one none", () => {
    const cycle = (fields: object) => ({
      ...{ id: 5, start: "2026-04-03T22:00:00.000Z", timezone_offset: "+02:00", score_state: "UNSCORABLE", ...fields },
    });
    const records = [cycle({ end: "2026-04-04T21:59:59.000Z" }), cycle({ end: "2026-04-04T22:00:00.000Z" }), cycle({})];
    const page = endpoint("cycle").read({ records });
    expect(page.documents.map(({ undated }) => undated?.otherwise)).toEqual(["2026-04-04", "2026-04-05", undefined]);
    expect(page.documents.map(({ undated }) => undated?.of)).toEqual([{ cycle: "5" }, { cycle: "5" }, { cycle: "5" }]);
  });

  test("a sleep that cannot be read still tells its day where end and offset can be", () => {
    const sleep = { id: 7, end: "2026-04-04T04:30:00.000Z", timezone_offset: "-05:00" };
    const page = endpoint("sleep").read({ records: [sleep, { ...sleep, timezone_offset: "EST" }, null] });
    expect(page.setAside.map(({ day }) => day)).toEqual([civilDay("2026-04-03"), undefined, undefined]);
  });

  test("the rules see records without a day", () => {
    const sound = loadSubject("whoop", [whoop]);
    const broken = (change: (text: string) => string, daysFrom = "sleep") => ({
      ...sound,
      provider: {
        ...whoop,
        endpoints: whoop.endpoints.map((one) => ({
          ...one,
          ...(one.daysFrom === undefined ? {} : { daysFrom }),
          read: (body: unknown): Page => JSON.parse(change(JSON.stringify(one.read(body)))),
        })),
      },
    });
    const found = (number: number, subject: typeof sound) =>
      rules.find((rule) => rule.number === number)?.check(subject) ?? [];
    expect(
      found(
        11,
        broken((text) => text),
      ),
    ).toEqual([]);
    expect(
      found(
        11,
        broken((text) => text.replace(/("skinTemperatureCelsius":)33/g, "$192")),
      ),
    ).not.toEqual([]);
    expect(
      found(
        11,
        broken((text) => text.replace(/("strain":)\d+/g, "$1100")),
      ),
    ).not.toEqual([]);
    expect(
      found(
        12,
        broken((text) => text.replace(/RMSSD/g, "SDNN")),
      ),
    ).not.toEqual([]);
    expect(
      found(
        12,
        broken((text) => text, "nothing"),
      ),
    ).not.toEqual([]);
    expect(
      found(
        13,
        broken((text) => text.replace(/("at":"[^"]{19})[^"]*/g, "$1+09:00")),
      ),
    ).not.toEqual([]);
  });
});
