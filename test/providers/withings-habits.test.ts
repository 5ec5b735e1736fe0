import fc from "fast-check";
import type { SyntheticAnswer } from "../../providers/contract";
import { withings } from "../../providers/withings";
import { addDays, civilDay, daysOf } from "../../src/domain/days";
import { epochSeconds } from "../../src/domain/instants";
import { LAST_400_DAYS, somebody } from "./people";

const person = somebody({ seed: 21, offsetMinutes: -420 });
const { synthetic } = withings;
const [FIRST, LAST] = [civilDay("2026-09-01"), civilDay("2026-09-20")];

interface Listed {
  readonly status: number;
  readonly error?: string;
  readonly body: {
    readonly series?: readonly { readonly date: string; readonly data: Readonly<Record<string, unknown>> }[];
    readonly activities?: readonly Readonly<Record<string, unknown>>[];
    readonly more?: boolean;
    readonly offset?: number;
  };
}

function send(path: string, form: Record<string, string>, options: { scopes?: string[]; pageSize?: number } = {}) {
  const answer = synthetic.answer({
    ...{ method: "POST", path, query: {}, form: { startdateymd: FIRST, enddateymd: LAST, ...form }, person },
    grantedScopes: options.scopes ?? ["user.activity"],
    pageSize: options.pageSize ?? null,
    documents: (name, range) => daysOf(range).flatMap((day) => synthetic.documents(name, person, day, 0)),
  });
  return answer as (SyntheticAnswer & { readonly body: Listed }) | null;
}

describe("the stand-in's habits", () => {
  test("only the fields that are asked for come", () => {
    const night = send("/v2/sleep", { action: "getsummary", data_fields: "hr_min,sleep_score" })?.body.body.series?.[0];
    expect(Object.keys(night?.data ?? {}).sort()).toEqual(["hr_min", "sleep_score"]);
    expect(send("/v2/sleep", { action: "getsummary" })?.body.body.series?.[0]?.data).toEqual({});
    const [day] = send("/v2/measure", { action: "getactivity", data_fields: "steps" })?.body.body.activities ?? [];
    expect(day).toMatchObject({ steps: expect.any(Number), timezone: "America/Phoenix" });
    expect(day).not.toHaveProperty("calories");
  });

  test("both ends of the range are within, and pages go on at the offset", () => {
    const whole = send("/v2/measure", { action: "getactivity" })?.body.body;
    expect([whole?.activities?.[0]?.["date"], whole?.activities?.at(-1)?.["date"]]).toEqual([FIRST, LAST]);
    const first = send("/v2/measure", { action: "getactivity" }, { pageSize: 7 })?.body.body;
    expect(first).toMatchObject({ more: true, offset: 7 });
    const second = send("/v2/measure", { action: "getactivity", offset: "7" }, { pageSize: 100 })?.body.body;
    expect(second?.more).toBe(false);
    expect([...(first?.activities ?? []), ...(second?.activities ?? [])]).toEqual(whole?.activities);
  });

  test.each([
    ["a missing scope", "/v2/sleep", { action: "getsummary" }, { scopes: ["user.info"] }, 403],
    ["an unknown action", "/v2/sleep", { action: "getweather" }, {}, 2554],
    ["no action", "/v2/measure", {}, {}, 2554],
    ["another service's action", "/v2/measure", { action: "getsummary" }, {}, 2554],
    ["an inverted range", "/v2/sleep", { action: "getsummary", startdateymd: "2026-09-21" }, {}, 503],
    ["a day that is none", "/v2/sleep", { action: "getsummary", enddateymd: "2026-09-31" }, {}, 503],
    ["an offset that is none", "/v2/sleep", { action: "getsummary", offset: "next" }, {}, 503],
  ])("%s is told inside HTTP 200", (_name, path, form: Record<string, string>, options, status) => {
    const answer = send(path, form, options);
    expect(answer).toMatchObject({ status: 200, body: { status, body: {} } });
    expect(withings.bodyFailure?.(answer?.body)).toBe(status === 403 ? "SCOPE_MISSING" : "REJECTED");
  });

  test("there is nothing at other paths", () => {
    expect(send("/v2/heart", { action: "list" })).toBeNull();
  });

  test.each([
    [{ error: "invalid_grant", error_description: "the refresh token is unknown" }, 400, "invalid_grant"],
    [{ error: "invalid_grant", error_description: "the code has expired" }, 400, "invalid_grant"],
    [{ error: "invalid_client" }, 401, "invalid_client"],
    [{ error: "unsupported_grant_type" }, 400, "other"],
  ])("the refusal %p is read again as %s %s", (body, status, reason) => {
    const answer = synthetic.tokenAnswer?.({ status, body });
    expect(answer?.status).toBe(200);
    expect(withings.oauth.tokenRefusal?.(answer?.body)).toBe(reason);
  });

  test("tokens go under body with their headers", () => {
    const headers = { "cache-control": "no-store" };
    const answer = synthetic.tokenAnswer?.({ status: 200, headers, body: { access_token: "t" } });
    expect(answer).toEqual({ status: 200, headers, body: { status: 0, body: { access_token: "t" } } });
    expect(withings.oauth.tokenRefusal?.(answer?.body)).toBeNull();
  });
});

describe("the offsets of zones", () => {
  const summary = withings.endpoints[0]!;
  /** The instants of a sleep of 8 hours from `startdate` on. */
  function sleep(timezone: unknown, startdate: number) {
    const series = [{ id: 1, timezone, startdate, enddate: startdate + 28_800, date: "2026-01-01", data: {} }];
    const [record] = summary.read({ status: 0, body: { series } }).documents[0]?.records ?? [];
    if (record?.kind !== "sleep_session" || record.end === null) throw new Error("no session");
    return { start: record.start, end: record.end };
  }

  test("in every zone and year the local time is the zone's, and the instant is the same", () => {
    const zones = Intl.supportedValuesOf("timeZone");
    const seconds = { min: Date.UTC(2001, 0) / 1000, max: Date.UTC(2050, 0) / 1000 };
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer(seconds), (zone, startdate) => {
        const local = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
        const { start, end } = sleep(zone, startdate);
        expect([epochSeconds(start), epochSeconds(end)]).toEqual([startdate, startdate + 28_800]);
        expect(start.slice(0, 19)).toBe(local.format(startdate * 1000).replace(" ", "T"));
        expect(end.slice(0, 19)).toBe(local.format((startdate + 28_800) * 1000).replace(" ", "T"));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["Mars/Phobos", "", "+01:00", "-0800", 3600, null, undefined, {}, "Europe/Paris\u0000"])(
    "%p is no zone: the instants are told in Z",
    (zone) => {
      expect(sleep(zone, Date.UTC(2026, 8, 21, 13, 33, 20) / 1000)).toEqual({
        start: "2026-09-21T13:33:20Z",
        end: "2026-09-21T21:33:20Z",
      });
    },
  );

  test.each([
    ["spring forward", "America/New_York", "2026-03-08T01:00:00-05:00", "2026-03-08T10:00:00-04:00"],
    ["fall back", "America/New_York", "2026-10-31T23:00:00-04:00", "2026-11-01T06:00:00-05:00"],
    ["half an hour", "Australia/Lord_Howe", "2026-04-04T23:00:00+11:00", "2026-04-05T06:30:00+10:30"],
  ])("a night over the change of clocks: %s", (_name, zone, start, end) => {
    expect(sleep(zone, Date.parse(start) / 1000)).toEqual({ start, end });
  });

  test("a synthetic person's nights end on their own day", () => {
    for (const offsetMinutes of [-600, -180, 0, 330, 345, 600, 720, 840]) {
      const somewhere = somebody({ offsetMinutes });
      const day = addDays(LAST_400_DAYS.start, 40);
      const rows = synthetic.documents("sleep_summary", somewhere, day, 0) as { enddate: number; timezone: string }[];
      for (const { enddate, timezone } of rows) expect(sleep(timezone, enddate).start.slice(0, 10)).toBe(day);
    }
  });
});
