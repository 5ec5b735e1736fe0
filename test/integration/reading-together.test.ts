import { AccountFenced } from "../../src/domain/errors";
import { Companies } from "../../src/services/fetching/company";
import type { Fetched } from "../../src/services/ports/records";
import { acme } from "../support/reading-acme";
import { accountOf, allMetrics, around, type Someone, TODAY, World } from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

/** An answer of an endpoint for today, under a lease of its own. */
async function fetched(someone: Someone, endpoint: string, over: Partial<Fetched> = {}): Promise<Fetched> {
  const key = { personId: someone.person.id, accountId: someone.accountId, endpoint };
  const [lease] = await world.rows<{ owner: string; at: number }>(
    `INSERT INTO flights (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
     VALUES ($1, $2, $3, gen_random_uuid(), clock_timestamp(), now(), now() + interval '1 minute')
     RETURNING owner, extract(epoch FROM started_at)::float8 AS at`,
    Object.values(key),
  );
  const record = { kind: "activity", key: endpoint, day: TODAY, contributors: [], steps: 1 };
  return {
    ...key,
    provider: "acme",
    grantNumber: 1,
    origin: "LIVE",
    leaseOwner: lease!.owner,
    asked: { start: TODAY, end: TODAY },
    startedAt: lease!.at,
    mapperVersion: 1,
    documents: [{ id: endpoint, raw: "{}", records: [record as unknown as Fetched["documents"][0]["records"][0]] }],
    unread: [],
    dependents: [],
    settledDays: [],
    landing: { askedMsAgo: 40 },
    offset: null,
    ...over,
  };
}

const ENDPOINTS = ["activity", "readiness", "sleep", "daily_score"];
const KEPT = "SELECT endpoint FROM records WHERE account_id = $1 ORDER BY 1";
const HELD = "SELECT endpoint FROM flights WHERE account_id = $1 ORDER BY 1";

test("answers for one account that come together are one version and one entry a day, and their leases are given back", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const version = "SELECT data_version::int AS version FROM people WHERE id = $1";
  const [before] = await world.rows<{ version: number }>(version, [someone.person.id]);
  const answers = await Promise.all(ENDPOINTS.map((endpoint) => fetched(someone, endpoint)));
  const committed = await Promise.all(answers.map((answer) => gateway.store.commit(answer)));
  expect(new Set(committed.map((one) => one.version))).toEqual(new Set([String(before!.version + 1)]));
  expect(committed.map(({ created }) => created)).toEqual([1, 1, 1, 1]);
  expect(await world.rows(KEPT, [someone.accountId])).toEqual([...ENDPOINTS].sort().map((endpoint) => ({ endpoint })));
  expect(await world.rows(HELD, [someone.accountId])).toEqual([]);
  const told =
    "SELECT unnest(metrics) AS metric, unnest(types) AS type FROM changes WHERE person_id = $1 AND version > $2";
  const changes = await world.rows<{ metric: string; type: string }>(told, [someone.person.id, before!.version]);
  expect(changes.map(({ metric }) => metric)).toHaveLength(new Set(changes.map(({ metric }) => metric)).size);
  const polled = "SELECT count(*)::int AS count FROM endpoint_times WHERE account_id = $1 AND polled_at < data_at";
  expect(await world.rows(polled, [someone.accountId])).toEqual([{ count: 4 }]);
});

test("where the lease of one was lost, the others are kept, and it is not", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const answers = await Promise.all(ENDPOINTS.map((endpoint) => fetched(someone, endpoint)));
  const lost = "UPDATE flights SET owner = gen_random_uuid() WHERE account_id = $1 AND endpoint = 'readiness'";
  await world.rows(lost, [someone.accountId]);
  const ends = await Promise.allSettled(answers.map((answer) => gateway.store.commit(answer)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect((ends[1] as PromiseRejectedResult).reason).toBeInstanceOf(AccountFenced);
  expect(await world.rows(KEPT, [someone.accountId])).toEqual(
    ENDPOINTS.filter((endpoint) => endpoint !== "readiness")
      .sort()
      .map((endpoint) => ({ endpoint })),
  );
  expect(await world.rows(HELD, [someone.accountId])).toEqual([{ endpoint: "readiness" }]);
});

test("two answers of one endpoint are never of one transaction", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const { landing, ...answer } = await fetched(someone, "activity");
  const [document] = answer.documents;
  const records = document!.records.map((record) => ({ ...record, steps: 2 }));
  const later = { ...answer, startedAt: answer.startedAt + 1, documents: [{ ...document!, records }] };
  const [one, other] = await Promise.all([answer, later].map((each) => gateway.store.commit(each)));
  expect(landing).toBeDefined();
  expect([one!.changed, other!.changed]).toEqual([1, 1]);
  expect(Number(other!.version)).toBe(Number(one!.version) + 1);
});

test("who is waited for is company to others, and a history under way to nobody", async () => {
  const join = jest.spyOn(Companies.prototype, "join");
  const someone = await world.someone();
  const gateway = await world.gateway();
  const [endpoint] = acme.endpoints.filter(({ name }) => name === "activity");
  const wanted = new Map([[TODAY, { checkedSince: 0, settledSuffices: true }]]);
  const bring = (origin: "BACKFILL") => {
    const configured = { provider: acme, apiUrl: world.vendor.origin };
    const task = { account: accountOf(someone), configured, endpoint: endpoint!, origin };
    return gateway.flights.bring(task, wanted).outcome;
  };
  expect(await bring("BACKFILL")).toEqual({ records: 0 });
  expect(join).not.toHaveBeenCalled();
  await gateway.ask(someone, ...allMetrics(around(-3, 0)));
  const names = join.mock.calls.map(([name]) => name);
  expect(names.length).toBeGreaterThan(1);
  expect(new Set(names).size).toBe(1);
});
