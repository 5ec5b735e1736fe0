import { daysAgo, METRICS, plusDays } from "../support/four-metrics";
import {
  askFour,
  type ChosenAnswer,
  type Clouds,
  issuesOf,
  linkFour,
  WEARABLES,
  type WearableName,
} from "../support/four-wearables";
import { type GatewayProcess, startGateway } from "../support/gateway-process";
import { type FreshDatabase, migratedCopy } from "../support/services";

/** Of days that every wearable reaches. */
const RANGE = { start: daysAgo(12), end: daysAgo(3) };

let database: FreshDatabase;
let gateway: GatewayProcess;
let clouds: Clouds;

beforeAll(async () => {
  database = await migratedCopy();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
}, 120_000);
afterEach(() => clouds?.forget());
afterAll(async () => {
  await gateway?.stop();
  await database?.drop();
});

/** A new person with all four wearables. */
async function someone(name: string): Promise<string> {
  const token = `demo:${name}`;
  clouds = await linkFour(gateway, { token, user: name });
  return token;
}

const providersOf = (answer: ChosenAnswer) => [...new Set(answer.nodes.map(({ provider }) => provider))].sort();
const absent = (answer: ChosenAnswer, provider: WearableName, reason: string) =>
  answer.absences.some((one) => one.provider === provider && one.reason === reason);

test.each(WEARABLES)("with %s down the others' days are answered, and it alone is an issue", async (down) => {
  const token = await someone(`down-${down}`);
  await clouds.fault(down, { effect: "server_error", status: 503 });
  const answers = await askFour(gateway, { range: RANGE }, token);
  for (const metric of METRICS) {
    const answer = answers[metric];
    expect(answer.nodes.length).toBeGreaterThan(8);
    expect(providersOf(answer)).not.toContain(down);
    const has = !(down === "WITHINGS" && metric === "readiness");
    expect(issuesOf(answer)).toEqual(has ? [`${down} PROVIDER_UNAVAILABLE`] : []);
    const whole = { firstDay: RANGE.start, lastDay: RANGE.end, provider: down, reason: has ? "ERROR" : "UNSUPPORTED" };
    expect(answer.absences).toContainEqual(whole);
    for (const other of WEARABLES) if (other !== down) expect(absent(answer, other, "ERROR")).toBe(false);
  }
  await clouds.forget();
  const after = await askFour(gateway, { range: RANGE }, token);
  for (const metric of METRICS) expect(issuesOf(after[metric])).toEqual([]);
  expect(after.sleep.bySource.some((one) => one["provider"] === down)).toBe(true);
});

test("the query's preference goes before the person's, the person's before what the policy says; ids stay those of bySource", async () => {
  const token = await someone("prefers");
  const plain = await askFour(gateway, { range: RANGE }, token);
  const preference = `mutation ($order: [Provider!]!) { setSourcePreference(input: { metric: SLEEP, order: $order }) {
    preference { metric order } userErrors { code } } }`;
  const prefer = async (order: readonly string[]) => {
    const { data, errors } = await gateway.graphql(preference, { order }, token);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ setSourcePreference: { userErrors: [] } });
  };
  await prefer(["POLAR", "WITHINGS"]);
  const preferred = await askFour(gateway, { range: RANGE }, token);
  const asked = await askFour(gateway, { range: RANGE, prefer: ["WHOOP"] }, token);
  for (const [answer, policy, first] of [
    [preferred.sleep, "PERSON_PREFERENCE", "POLAR"],
    [asked.sleep, "QUERY_PREFERENCE", "WHOOP"],
  ] as const) {
    expect(answer.bySource).toEqual(plain.sleep.bySource);
    const ids = new Set(answer.bySource.map(({ id }) => id));
    for (const { id, day, provider, resolution } of answer.nodes) {
      expect(ids.has(id)).toBe(true);
      const has = answer.bySource.some((one) => one.day === day && one["provider"] === first);
      expect([day, provider === first]).toEqual([day, has]);
      if (has) expect(resolution).toMatchObject({ policy, winner: { provider: first, reason: "PREFERRED" } });
    }
  }
  // Other metrics keep to the default.
  expect(preferred.activity).toEqual(plain.activity);
  await prefer([]);
  expect((await askFour(gateway, { range: RANGE }, token)).sleep).toEqual(plain.sleep);
});

test("only those asked for are asked", async () => {
  const token = await someone("few");
  await clouds.forget();
  const { sleep } = await askFour(gateway, { range: RANGE, providers: ["OURA", "WHOOP"] }, token);
  const { OURA, WHOOP, ...others } = await clouds.counts();
  expect([Object.keys(OURA ?? {}).length, WHOOP]).toEqual([4, { cycle: 1, recovery: 1, sleep: 1 }]);
  expect(others).toEqual({ WITHINGS: {}, POLAR: {} });
  expect(new Set(sleep.bySource.map((one) => one["provider"]))).toEqual(new Set(["OURA", "WHOOP"]));
  for (const { resolution } of sleep.nodes) expect(resolution.candidates).toHaveLength(2);
});

test.each([
  ["HTML", { effect: "html" }],
  ["an empty body", { effect: "empty" }],
  ["half a body", { effect: "truncated" }],
  ["null", { effect: "set", pointer: "", value: null }],
  ["a list of nothing known", { effect: "set", pointer: "", value: { status: 0, records: {}, nights: "none" } }],
])("%s in place of an answer is a typed issue of each, and absences", async (name, fault) => {
  const token = await someone(`bad-${name.replaceAll(" ", "-")}`);
  for (const wearable of ["WHOOP", "WITHINGS", "POLAR"] as const) await clouds.fault(wearable, fault);
  const { sleep } = await askFour(gateway, { range: RANGE }, token);
  expect(issuesOf(sleep)).toEqual([
    "POLAR PROVIDER_RESPONSE_INVALID",
    "WHOOP PROVIDER_RESPONSE_INVALID",
    "WITHINGS PROVIDER_RESPONSE_INVALID",
  ]);
  expect(providersOf(sleep)).toEqual(["OURA"]);
  for (const wearable of ["WHOOP", "WITHINGS", "POLAR"] as const) expect(absent(sleep, wearable, "ERROR")).toBe(true);
});

const inside = (status: number) => ({ effect: "set", pointer: "", value: { status, body: {}, error: "made up" } });

test("Withings' 401 inside status 200 is answered by one refresh, and the days by the new token", async () => {
  const token = await someone("inside-401");
  await clouds.forget();
  await clouds.fault("WITHINGS", { ...inside(401), endpoint: "activity", times: 1 });
  const { activity } = await askFour(gateway, { range: RANGE, providers: ["WITHINGS"] }, token);
  expect(issuesOf(activity)).toEqual([]);
  expect(activity.nodes.length).toBeGreaterThan(8);
  const { counts } = (await clouds.control("WITHINGS", "calls")) as { counts: { refresh: number } };
  expect(counts.refresh).toBe(1);
});

test.each([
  [403, "SCOPE_NOT_GRANTED", "SCOPE_NOT_GRANTED"],
  [503, "PROVIDER_RESPONSE_INVALID", "ERROR"],
  [522, "PROVIDER_UNAVAILABLE", "ERROR"],
  [99_999, "PROVIDER_UNAVAILABLE", "ERROR"],
])("Withings' status %i inside status 200 is %s", async (status, code, reason) => {
  const token = await someone(`inside-${status}`);
  await clouds.fault("WITHINGS", inside(status));
  const { activity } = await askFour(gateway, { range: RANGE, providers: ["WITHINGS", "OURA"] }, token);
  expect(issuesOf(activity)).toEqual([`WITHINGS ${code}`]);
  expect(absent(activity, "WITHINGS", reason)).toBe(true);
  expect(providersOf(activity)).toEqual(["OURA"]);
});

test("Polar's 204 is no documents, not a failure", async () => {
  const token = await someone("no-content");
  await clouds.fault("POLAR", { effect: "answer", status: 204 });
  const { sleep, activity } = await askFour(gateway, { range: RANGE, providers: ["POLAR"] }, token);
  for (const answer of [sleep, activity]) {
    expect(issuesOf(answer)).toEqual([]);
    expect(answer.absences).toEqual([
      { firstDay: RANGE.start, lastDay: RANGE.end, provider: "POLAR", reason: "PROVIDER_HAS_NONE" },
    ]);
  }
});

test("Polar's 403 is a permission that is lacking", async () => {
  const token = await someone("forbidden");
  await clouds.fault("POLAR", { effect: "answer", status: 403, body: { error: { status: 403 } } });
  const { sleep } = await askFour(gateway, { range: RANGE, providers: ["POLAR"] }, token);
  expect(issuesOf(sleep)).toEqual(["POLAR SCOPE_NOT_GRANTED"]);
  expect(absent(sleep, "POLAR", "SCOPE_NOT_GRANTED")).toBe(true);
});

test("Polar's user that is registered already links all the same; a token that is refused means linking again", async () => {
  const token = await someone("again");
  const registrations = async () => {
    const { calls } = (await clouds.control("POLAR", "calls")) as { calls: { path: string; status: number }[] };
    return calls.filter(({ path }) => path === "/v3/users").map(({ status }) => status);
  };
  await linkFour(gateway, { token, user: "again" });
  expect((await registrations()).slice(-2)).toEqual([200, 409]);
  await clouds.control("POLAR", "withdraw", { user: "again" });
  const { sleep } = await askFour(gateway, { range: RANGE }, token);
  expect(issuesOf(sleep)).toEqual(["POLAR RECONNECT_REQUIRED"]);
  expect(absent(sleep, "POLAR", "ERROR")).toBe(true);
  expect(providersOf(sleep)).not.toContain("POLAR");
  const { data } = await gateway.graphql("{ viewer { accounts { provider status } } }", {}, token);
  expect(data.viewer.accounts).toContainEqual({ provider: "POLAR", status: "RECONNECT_REQUIRED" });
  // Nothing is asked with a grant that is refused.
  await clouds.forget();
  await askFour(gateway, { range: { start: plusDays(RANGE.start, -1), end: RANGE.end } }, token);
  expect((await clouds.counts())["POLAR"]).toEqual({});
});

test("WHOOP's refresh, which names a scope of its own, takes none of the granted ones away", async () => {
  const token = await someone("offline");
  const scopes = async () => {
    const { data } = await gateway.graphql("{ viewer { accounts { provider grantedScopes } } }", {}, token);
    return data.viewer.accounts.find(({ provider }) => provider === "WHOOP")?.grantedScopes;
  };
  const granted = await scopes();
  await clouds.control("WHOOP", "faults", { kind: "refresh", effect: "set", pointer: "/scope", value: "offline" });
  await clouds.fault("WHOOP", { effect: "unauthorized", times: 1 });
  const { readiness } = await askFour(gateway, { range: RANGE, providers: ["WHOOP"] }, token);
  expect(issuesOf(readiness)).toEqual([]);
  const { counts } = (await clouds.control("WHOOP", "calls")) as { counts: { refresh: number } };
  expect(counts.refresh).toBe(1);
  expect(await scopes()).toEqual(granted);
  expect(granted).toContain("read:recovery");
});

// The last one: the pause is the whole application's, for a minute.
test("Withings' 601 inside status 200 limits the rate, with the time to come back, and it is left alone until then", async () => {
  const token = await someone("inside-601");
  await clouds.forget();
  await clouds.fault("WITHINGS", { ...inside(601), endpoint: "activity" });
  const { activity } = await askFour(gateway, { range: RANGE }, token);
  expect(issuesOf(activity)).toEqual(["WITHINGS RATE_LIMITED"]);
  const wait = Date.parse(activity.issues[0]?.retryAt ?? "") - Date.now();
  expect(wait).toBeGreaterThan(30_000);
  expect(wait).toBeLessThanOrEqual(61_000);
  await clouds.forget();
  const again = await askFour(gateway, { range: RANGE }, token);
  expect(issuesOf(again.activity)).toEqual(["WITHINGS RATE_LIMITED"]);
  expect((await clouds.counts())["WITHINGS"]).toEqual({});
  expect(providersOf(again.activity)).not.toContain("WITHINGS");
});
