import { Client } from "pg";
import type { DataSource } from "typeorm";
import { dataSource } from "../../src/db/database";
import { createFeedSource } from "../../src/db/repositories/feed";
import { PgRecordStore } from "../../src/db/repositories/records";
import { instantAt } from "../../src/domain/instants";
import { packRecord } from "../../src/domain/packing";
import type { StoredRecord, WearableRecord } from "../../src/domain/records";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";
import { recordsIn } from "../support/stored-records";
import { unpacked } from "../unit/domain/lists";
import { activity, DAY, EVENING, hrv, readiness, score, session } from "../unit/domain/records";

let at: MigratedDatabase;
let source: DataSource;
let admin: Client;
let person: string;
let account: string;
beforeAll(async () => {
  at = await migratedDatabase();
  source = await dataSource(at.fresh.url, "worker", 1).initialize();
  admin = new Client({ connectionString: at.fresh.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await source.destroy();
  await at.close();
});

const UNEVEN = [0, 1, 400].map((seconds) => ({ at: instantAt(EVENING + seconds, 60), milliseconds: 40 }));
/** Records as they were written before: each list item by item, or as text. */
const RECORDS: readonly (WearableRecord & { readonly at?: unknown })[] = [
  score({ key: "score one" }),
  session({ key: "night", cycleKey: "c" }),
  session({ key: "nap", nature: "nap", end: null, averageHrv: null, stages: [] }),
  readiness({ key: "readiness", at: instantAt(EVENING, 60), restingHeartRateBpm: null }),
  activity({ key: "activity", steps: 1e-7, running: true }),
  hrv({ key: "night" }),
  hrv({ key: "nap", sessionKey: "other", samples: UNEVEN }),
];

const OLD_RECORDS = `
SELECT endpoint, kind, key, day::text, body, document_id, mapper_version, fetch_started_at::text, received_at::text, deleted_at IS NULL AS live
FROM records ORDER BY kind, key`;
const OLD_CHANGES = `
SELECT person_id, version::text, ordinal, at::text, metric, provider, account_id, day::text, type, origin FROM changes ORDER BY changes.version, ordinal`;
const STATE = `
SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT array_agg(polname::text ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies
FROM pg_class c WHERE relname IN ('records', 'changes', 'people', 'accounts') ORDER BY 1`;
const INDEXES = `
SELECT indexname FROM pg_indexes WHERE tablename IN ('records', 'changes') ORDER BY 1`;

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await admin.query(sql)).rows;
}

/** Rows as the version before wrote them, half of them packed, with a tombstone and entries of two kinds. */
async function writeOld(): Promise<void> {
  person = await at.addPerson();
  const linked = await admin.query(
    `INSERT INTO accounts (person_id, provider, vendor_user_id, status, granted_scopes, connected_at)
     VALUES ($1, 'acme', 'u', 'ACTIVE', '{}', now()) RETURNING id`,
    [person],
  );
  account = linked.rows[0].id;
  const record = `INSERT INTO records VALUES ($1, $2, 'sleep', $3, $4, $5, $6, $7, 3, '2026-04-01T10:00:00.123456Z',
    '2026-04-01T10:00:00.123456Z', $8)`;
  for (const [index, one] of RECORDS.entries()) {
    const body = JSON.stringify(index % 2 === 0 ? packRecord(one) : one);
    await admin.query(record, [person, account, one.kind, one.key, DAY, body, index < 4 ? one.key : "document", null]);
  }
  await admin.query(record, [person, account, "hrv", "gone", DAY, null, "gone", "2026-04-01T10:00:00.123456Z"]);
  const change = `INSERT INTO changes (person_id, version, ordinal, at, metric, provider, account_id, day, type, origin)
    VALUES ($1, $2, $3, '2026-04-01', $4, 'acme', $5, $6, $7, 'LIVE')`;
  for (let ordinal = 1; ordinal <= 12; ordinal += 1) {
    await admin.query(change, [person, 2, ordinal, "SLEEP", account, `2026-03-${10 + ordinal}`, "CREATED"]);
  }
  await admin.query(change, [person, 3, 1, null, null, null, "DELETED"]);
  await admin.query(change, [person, 11, 1, "HRV", account, DAY, "UPDATED"]);
}

/** A row of before with its list item by item. */
function itemByItem(row: Record<string, unknown>): unknown {
  return { ...row, body: row["body"] === null ? null : unpacked(row["body"] as StoredRecord) };
}

test("rows of before are read as they were meant, under the cursors of before; and the way back gives them again", async () => {
  const [state, indexes] = [await rows(STATE), await rows(INDEXES)];
  await source.undoLastMigration();
  await writeOld();
  const [oldState, oldRecords, oldChanges] = [await rows(STATE), await rows(OLD_RECORDS), await rows(OLD_CHANGES)];
  expect(oldState).toEqual(state);
  await source.runMigrations();
  expect(await rows(STATE)).toEqual(state);
  expect(await rows(INDEXES)).toEqual(indexes);

  const store = new PgRecordStore(at.database, at.vaults);
  const snapshot = await store.snapshot({
    ...{ personId: person, accountIds: [account], endpoints: ["sleep"], range: { start: DAY, end: DAY } },
    ...{ checkedSince: null, withRecords: true },
  });
  const kept = recordsIn(snapshot, account);
  expect(kept).toHaveLength(RECORDS.length);
  expect(kept.map(({ record }) => record)).toEqual(expect.arrayContaining(RECORDS.map(packRecord)));
  expect(new Set(kept.map(({ receivedAt }) => receivedAt))).toEqual(
    new Set([Date.parse("2026-04-01T10:00:00Z") / 1_000 + 0.123456]),
  );

  const feed = createFeedSource(at.database);
  const follow = { personId: person, metrics: null, providers: ["acme"] };
  const [entries, later] = await Promise.all([
    feed({ ...follow, after: null, limit: 100 }),
    feed({ ...follow, after: { version: "2", ordinal: 10 }, limit: 3 }),
  ]);
  const [places, latest] = [entries, later].map((told) =>
    told?.entries.map(({ version, ordinal }) => `${version}.${ordinal}`),
  );
  expect(places).toEqual(oldChanges.map(({ version, ordinal }) => `${version}.${ordinal}`));
  expect(entries?.entries[9]).toMatchObject({ metric: "SLEEP", day: "2026-03-20", type: "CREATED", origin: "LIVE" });
  expect(latest).toEqual(["2.11", "2.12", "3.1"]);
  const ofHrv = await feed({ ...follow, metrics: ["HRV"], after: null, limit: 100 });
  expect(ofHrv?.entries.map(({ metric }) => metric)).toEqual([null, "HRV"]);

  await source.undoLastMigration();
  expect((await rows(OLD_RECORDS)).map(itemByItem)).toEqual(oldRecords.map(itemByItem));
  expect(await rows(OLD_CHANGES)).toEqual(oldChanges);
  expect(await rows(STATE)).toEqual(state);
  await source.runMigrations();
});

test("a person's rows go with the person, an account's with the account", async () => {
  await admin.query("DELETE FROM accounts WHERE id = $1", [account]);
  expect(await rows("SELECT FROM records")).toEqual([]);
  await admin.query("DELETE FROM people WHERE id = $1", [person]);
  expect(await rows("SELECT FROM changes")).toEqual([]);
});
