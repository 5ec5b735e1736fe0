import { textOf } from "../../src/db/record-text";
import { recordId } from "../../src/db/repositories/commit/records";
import { addDays, type DayRange } from "../../src/domain/days";
import { instantAt } from "../../src/domain/instants";
import { contributorScores, samplePoints, stageSpans } from "../../src/domain/packing";
import type { WearableRecord } from "../../src/domain/records";
import type { Committed } from "../../src/services/ports/records";
import { type Gateway, type Someone, TODAY, World } from "../support/reading-world";
import { recordsIn } from "../support/stored-records";
import { hrv, score, session } from "../unit/domain/records";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const ENDPOINT = "sleep";
const at = (seconds: number) => instantAt(1_760_000_000 + seconds, 120);
const SAMPLES = [0, 300, 900].map((seconds, index) => ({ at: at(seconds), milliseconds: 40 + index / 2 }));
const STAGES = [0, 300].map((from) => ({ stage: "REM" as const, start: at(from * 2), end: at(from * 2 + 300) }));
const SCORE = score({ day: TODAY });
const SESSION = session({ day: TODAY, stages: STAGES });
const NIGHT: readonly WearableRecord[] = [hrv({ day: TODAY, samples: SAMPLES }), SCORE, SESSION];
const REVISED: readonly WearableRecord[] = [hrv({ day: TODAY, samples: SAMPLES.slice(1) }), SCORE, SESSION];

/** The list of each record, as it is kept. */
const LISTS = `SELECT CASE kind WHEN 'hrv' THEN ${textOf("hrv", "samples")} WHEN 'sleep_session' THEN ${textOf("sleep_session", "stages")}
  ELSE ${textOf("sleep_score", "contributors")} END AS list FROM records WHERE account_id = $1`;

/** Commits an answer of the sleep endpoint whose one document says these records. */
async function commit(
  gateway: Gateway,
  someone: Someone,
  records: readonly WearableRecord[],
  asked: DayRange = { start: TODAY, end: TODAY },
): Promise<Committed> {
  const key = { personId: someone.person.id, accountId: someone.accountId, endpoint: ENDPOINT };
  const [lease] = await world.rows<{ owner: string; at: number }>(
    `INSERT INTO flights (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
     VALUES ($1, $2, $3, gen_random_uuid(), clock_timestamp(), now(), now() + interval '1 minute')
     ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET owner = excluded.owner, started_at = excluded.started_at
     RETURNING owner, extract(epoch FROM started_at)::float8 AS at`,
    Object.values(key),
  );
  return gateway.store.commit({
    ...{ ...key, provider: "acme", grantNumber: 1, origin: "LIVE", mapperVersion: 1 },
    ...{ leaseOwner: lease!.owner, startedAt: lease!.at, asked },
    documents: [{ id: "night", raw: JSON.stringify({ records }), records }],
    ...{ unread: [], dependents: [], settledDays: [], offset: null },
  });
}

/** What is kept of the night, its series unpacked. */
async function stored(
  gateway: Gateway,
  someone: Someone,
  range: DayRange = { start: TODAY, end: TODAY },
): Promise<unknown[]> {
  const snapshot = await gateway.store.snapshot({
    ...{ personId: someone.person.id, accountIds: [someone.accountId], endpoints: [ENDPOINT] },
    ...{ range, checkedSince: null, withRecords: true },
  });
  const byKind = [...recordsIn(snapshot, someone.accountId)].sort((a, b) => (a.record.kind < b.record.kind ? -1 : 1));
  return byKind.map(({ record }) => {
    if (record.kind === "hrv") return { ...record, samples: samplePoints(record.samples) };
    if (record.kind === "sleep_session") return { ...record, stages: stageSpans(record.stages) };
    return { ...record, contributors: contributorScores(record.contributors) };
  });
}

test("lists are kept as short text, and come back as they were", async () => {
  const [someone, gateway] = [await world.someone(), await world.gateway()];
  expect(await commit(gateway, someone, NIGHT)).toMatchObject({ changed: 3, created: 3 });
  expect(await stored(gateway, someone)).toEqual(NIGHT);
  for (const { list } of await world.rows(LISTS, [someone.accountId])) expect(list).toMatch(/^[^[]+$/);
  expect(await commit(gateway, someone, NIGHT)).toMatchObject({ changed: 0, deleted: 0 });
  expect(await commit(gateway, someone, REVISED)).toMatchObject({ changed: 1, created: 0 });
  expect(await stored(gateway, someone)).toEqual(REVISED);
});

test("a list that does not fit is kept item by item, and received again unchanged it is no change", async () => {
  const [someone, gateway] = [await world.someone(), await world.gateway()];
  const uneven = [hrv({ day: TODAY, samples: [0, 1, 40].map((n) => ({ at: at(n), milliseconds: 40 })) }), SCORE];
  const { version } = await commit(gateway, someone, uneven);
  expect(await stored(gateway, someone)).toEqual(uneven);
  expect(await commit(gateway, someone, uneven)).toMatchObject({ version, changed: 0, deleted: 0 });
});

test("a record that moves to another day is a change, though it says the same", async () => {
  const [someone, gateway] = [await world.someone(), await world.gateway()];
  const asked = { start: addDays(TODAY, -1), end: TODAY };
  await commit(gateway, someone, [SCORE], asked);
  const moved = { ...SCORE, day: asked.start };
  expect(await commit(gateway, someone, [moved], asked)).toMatchObject({ changed: 1, created: 0, deleted: 0 });
  expect(await stored(gateway, someone, asked)).toEqual([moved]);
});

test("samples that come later, where there were none, are kept as text", async () => {
  const [someone, gateway] = [await world.someone(), await world.gateway()];
  await commit(gateway, someone, [hrv({ day: TODAY, samples: [] })]);
  await commit(gateway, someone, NIGHT);
  const samples = `${LISTS} AND kind = 'hrv'`;
  expect(await world.rows(samples, [someone.accountId])).toEqual([{ list: expect.stringMatching(/^[^[]+$/) }]);
});

test.each(["plain", "Mittagsschläfchen\n", "2025-10-09/夜 🌙", 'it\'s \\000 "quoted"'])(
  "a record whose vendor calls it %j is found again under the id that PostgreSQL gave it",
  async (key) => {
    const [someone, gateway] = [await world.someone(), await world.gateway()];
    expect(await commit(gateway, someone, [score({ day: TODAY, key })])).toMatchObject({ created: 1 });
    const rows = await world.rows<{ id: string }>("SELECT id FROM records WHERE account_id = $1", [someone.accountId]);
    expect(rows).toEqual([{ id: recordId(someone.accountId, ENDPOINT, score({ key })) }]);
    expect(await commit(gateway, someone, [score({ day: TODAY, key, score: 1 })])).toMatchObject({
      created: 0,
      changed: 1,
      deleted: 0,
    });
  },
);

test("a record that was deleted and comes back is new, and one that was not asked for stays away", async () => {
  const [someone, gateway] = [await world.someone(), await world.gateway()];
  await commit(gateway, someone, NIGHT);
  expect(await commit(gateway, someone, [])).toMatchObject({ changed: 0, deleted: NIGHT.length });
  expect(await commit(gateway, someone, NIGHT)).toMatchObject({ created: NIGHT.length, deleted: 0 });
  const before = addDays(TODAY, -1);
  const other = score({ day: before, key: "the day before" });
  expect(await commit(gateway, someone, [...NIGHT, other])).toMatchObject({ changed: 0, deleted: 0 });
  expect(await stored(gateway, someone, { start: before, end: TODAY })).toHaveLength(NIGHT.length);
});
