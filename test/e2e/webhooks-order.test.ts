import { providers } from "../../providers/registry";
import { type Clouds, WEARABLES, type WearableName } from "../support/four-wearables";
import { someoneWithANight } from "../support/new-night";
import { sentBy, ToldGateway } from "../support/told-gateway";

/** The endpoint of each wearable whose documents are deleted and revised here, and how many notices there are of a new night in all. */
const NIGHT: Readonly<Record<WearableName, { readonly endpoint: string; readonly created: number }>> = {
  OURA: { endpoint: "sleep", created: 4 },
  WHOOP: { endpoint: "sleep", created: 2 },
  WITHINGS: { endpoint: "sleep_summary", created: 2 },
  POLAR: { endpoint: "sleep", created: 2 },
};
const LATE_MS = 2_500;

let told: ToldGateway;
let clouds: Clouds;
const [deleting, revising] = [someoneWithANight(providers, "deleting"), someoneWithANight(providers, "revising")];

beforeAll(async () => {
  told = await ToldGateway.start();
  await told.link(deleting, "demo:deleting");
  clouds = await told.link(revising, "demo:revising");
}, 120_000);
afterAll(() => told?.stop());

/** A new night whose notices come late, each three times, and what is done to it meanwhile, told at once. */
async function createdLate(name: WearableName, user: string, meanwhile: "delete" | "revise"): Promise<string> {
  const { endpoint, created } = NIGHT[name];
  const before = (await sentBy(clouds, name)).length;
  await clouds.control(name, "settings", { webhookDelayMs: LATE_MS, webhookCopies: 3 });
  const { days } = (await clouds.control(name, "new-night", { user })) as unknown as { days: { day: string }[] };
  const day = days[0]?.day ?? "";
  await clouds.control(name, "settings", { webhookDelayMs: 0 });
  await clouds.control(name, meanwhile, { endpoint, day, user });
  for (;;) {
    const sent = (await sentBy(clouds, name)).slice(before);
    if (sent.length >= 3 * created && sent.every(({ status }) => status !== null)) {
      expect([...new Set(sent.map(({ status }) => status))]).toEqual([200]);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await told.workedOff(name.toLowerCase(), 1);
  expect(Object.keys(await told.outcomes(name.toLowerCase()))).toEqual(["BROUGHT"]);
  return day;
}

async function ask(name: WearableName, token: string, day: string) {
  const query = `query Night($range: DateRange!) { viewer { sleep(range: $range, providers: [${name}]) {
    nodes { day asleepSeconds } absences { reason } issues { code } } } }`;
  const { data, errors } = await told.gateway.graphql(query, { range: { start: day, end: day } }, token);
  expect(errors).toEqual([]);
  return data.viewer["sleep"];
}

test.each(WEARABLES)("%s: a night that is told as deleted before it is told as new is not there", async (name) => {
  const day = await createdLate(name, deleting, "delete");
  expect(await told.storedOn(name.toLowerCase(), day)).not.toContain(NIGHT[name].endpoint);
});

test.each(WEARABLES)(
  "%s: a night that is told as revised before it is told as new is the revised one",
  async (name) => {
    const day = await createdLate(name, revising, "revise");
    await clouds.forget();
    const answer = await ask(name, "demo:revising", day);
    expect(answer?.nodes).toEqual([{ day, asleepSeconds: expect.any(Number) }]);
    expect(await clouds.calls(name)).toEqual([]);
    // Read again on purpose, the answer is the same: what is kept is what the vendor has.
    const sync = `mutation ($input: SyncProviderInput!) { syncProvider(input: $input) { userErrors { code } } }`;
    const { errors } = await told.gateway.graphql(
      sync,
      { input: { provider: name, range: { start: day, end: day } } },
      "demo:revising",
    );
    expect(errors).toEqual([]);
    expect((await ask(name, "demo:revising", day))?.nodes).toEqual(answer?.nodes);
  },
);

test("WHOOP: a recovery's notice names its sleep: that tells the day, and only recoveries are read again", async () => {
  const [person] = await told.rows("SELECT max(day)::text AS day FROM records WHERE endpoint = 'recovery'");
  const day = String(person?.["day"]);
  await clouds.forget();
  await clouds.control("WHOOP", "revise", { endpoint: "recovery", day, user: revising });
  for (let waited = 0; (await clouds.calls("WHOOP")).length < 2 && waited < 10_000; waited += 50)
    await new Promise((resolve) => setTimeout(resolve, 50));
  await told.workedOff("whoop", 1);
  const calls = await clouds.calls("WHOOP");
  expect([...new Set(calls.map(({ endpoint }) => endpoint))].sort()).toEqual(["recovery", "sleep"]);
  const notice = (await sentBy(clouds, "WHOOP")).filter(({ endpoint }) => endpoint === "recovery").at(-1);
  const single = calls.filter(({ path }) => path.endsWith(`/${JSON.parse(notice!.body).id}`));
  expect(single.length).toBe(1);
});
