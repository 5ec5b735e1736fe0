import type { SyntheticAnswer } from "../../providers/contract";
import { polar } from "../../providers/polar";
import { addDays, daysOf } from "../../src/domain/days";
import { LAST_400_DAYS, somebody } from "./people";

const person = somebody({ seed: 21, vendorUserId: "21", offsetMinutes: 120 });
const { synthetic } = polar;
const { end } = LAST_400_DAYS;

function send(
  path: string,
  options: {
    query?: Record<string, string>;
    method?: string;
    registered?: boolean;
    form?: Record<string, string>;
  } = {},
): SyntheticAnswer | null {
  const { query = {}, method = "GET", registered = true, form = {} } = options;
  return synthetic.answer({
    ...{ method, path, query, form, person, pageSize: 3, registered, grantedScopes: ["accesslink.read_all"] },
    documents: (name, range) => daysOf(range).flatMap((day) => synthetic.documents(name, person, day, 0)),
  });
}

const activities = (from: string, to: string) => send("/v3/users/activities", { query: { from, to } });
/** The documents of a list answer, bare or under a name. */
function listIn(answer: SyntheticAnswer | null, member?: string): readonly { readonly date: string }[] {
  const body: unknown = member === undefined ? answer?.body : Reflect.get(answer?.body as object, member);
  return body as { date: string }[];
}

describe("the stand-in's habits", () => {
  test.each([
    ["sleep", "nights"],
    ["nightly-recharge", "recharges"],
  ])("%s gives the last 28 days whatever is asked", (path, member) => {
    const answer = send(`/v3/users/${path}`, { query: { from: "2026-01-01", to: "2026-01-05" } });
    const dates = listIn(answer, member).map(({ date }) => date);
    expect(dates.length).toBeGreaterThanOrEqual(25);
    expect([dates[0]! >= addDays(end, -27), dates.at(-1)! <= end]).toEqual([true, true]);
  });

  test("activity by range, 28 days at most, none older than 365", () => {
    const oldest = addDays(end, -364);
    expect(activities(addDays(end, -27), end)?.status).toBe(200);
    expect(listIn(activities(addDays(end, -27), end)).length).toBeGreaterThanOrEqual(25);
    expect(activities(addDays(end, -28), end)?.status).toBe(400);
    expect(activities(oldest, oldest)?.status).toBe(200);
    expect(activities(addDays(oldest, -1), oldest)?.status).toBe(400);
    expect(activities(end, addDays(end, -1))?.status).toBe(400);
    expect(activities("2026-02-30", end)?.status).toBe(400);
    expect(listIn(send("/v3/users/activities")).length).toBeGreaterThanOrEqual(25);
  });

  test("what the endpoints ask is within those limits to the last day that they reach", () => {
    const activity = polar.endpoints.find(({ name }) => name === "activity")!;
    const start = addDays(end, 1 - activity.reachDays!);
    const { path, query } = activity.request({ start, end: addDays(start, activity.maxDaysPerRequest! - 1) }, null);
    expect(send(path, { query: { ...query } })?.status).toBe(200);
  });

  test("one document by date; 404 for a night and 204 for a day of activity that is not there; null for other paths", () => {
    const worn = listIn(send("/v3/users/sleep"), "nights")[0]?.date;
    expect(send(`/v3/users/sleep/${worn}`)?.body).toMatchObject({ date: worn });
    const gap = daysOf(LAST_400_DAYS).find((day) => synthetic.documents("sleep", person, day, 0).length === 0)!;
    expect(send(`/v3/users/sleep/${gap}`)?.status).toBe(404);
    expect(send(`/v3/users/activities/${gap}`)).toMatchObject({ status: 204, body: undefined });
    expect(send("/v3/users/sleep/yesterday")?.status).toBe(400);
    expect(send("/v3/users/sleep/2026-01-01/more")).toBeNull();
    expect(send("/v3/users/cardio-load")).toBeNull();
    expect(send("/v3/users/sleep", { method: "DELETE" })?.status).toBe(405);
  });

  test("nothing before registration; a second one is 409 without a body", () => {
    for (const { request } of polar.endpoints) {
      const { path, query = {} } = request({ start: end, end }, null);
      expect(send(path, { query: { ...query }, registered: false })?.status).toBe(403);
    }
    const asked = polar.afterLink?.(person.vendorUserId);
    const form = asked?.json as Record<string, string>;
    const path = asked?.path ?? "";
    expect(send(path, { method: "POST", form, registered: false })).toMatchObject({
      status: 200,
      body: { "polar-user-id": 21, "member-id": "21" },
    });
    expect(send(path, { method: "POST", form })).toEqual({ status: 409, body: undefined });
    expect(send(path, { method: "POST", registered: false })?.status).toBe(400);
  });

  test("usage is told in headers of good answers, counting up below the limit", () => {
    const { headers = {} } = send("/v3/users/sleep") ?? {};
    const [usage, limit] = ["RateLimit-Usage", "RateLimit-Limit"].map((name) => headers[name]?.split(", ").map(Number));
    expect(usage?.every((used, index) => used > 0 && used < limit![index]!)).toBe(true);
  });

  test("a token answer names the user as a number and no scope; a refusal stays as it is", () => {
    const standard = {
      status: 200,
      body: { access_token: "a", token_type: "Bearer", scope: "x", ...synthetic.tokenFields?.(person) },
    };
    expect(synthetic.tokenAnswer?.(standard).body).toEqual({ access_token: "a", token_type: "bearer", x_user_id: 21 });
    const refused = { status: 400, body: { error: "invalid_grant" } };
    expect(synthetic.tokenAnswer?.(refused)).toBe(refused);
  });

  test("a year holds what real years hold: nights over midnight, awakenings, unrecognised stages, ratings, no usual level", () => {
    const of = (name: string) =>
      daysOf(LAST_400_DAYS).flatMap((day) => synthetic.documents(name, person, day, 0)) as Record<string, unknown>[];
    const nights = of("sleep");
    const codes = new Set(nights.flatMap((night) => Object.values(night["hypnogram"] as object)));
    expect([...codes].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(nights.map((night) => String(night["sleep_start_time"]).slice(0, 10) === night["date"])).size).toBe(
      2,
    );
    expect(
      nights.some((night) => night["sleep_rating"] === 0) && nights.some((night) => night["sleep_rating"] !== 0),
    ).toBe(true);
    for (const night of nights) {
      const length =
        (Date.parse(String(night["sleep_end_time"])) - Date.parse(String(night["sleep_start_time"]))) / 1000;
      const parts = [
        "light_sleep",
        "deep_sleep",
        "rem_sleep",
        "unrecognized_sleep_stage",
        "total_interruption_duration",
      ];
      expect(parts.reduce((sum, part) => sum + Number(night[part]), 0)).toBe(length);
    }
    const recharges = of("nightly_recharge");
    expect(recharges.some((recharge) => !("ans_charge" in recharge))).toBe(true);
    expect(recharges.length).toBeLessThan(nights.length);
    expect(of("activity").some((day) => Number(day["daily_activity"]) > 100)).toBe(true);
  });
});
