import { setTimeout } from "node:timers/promises";
import { Client, escapeIdentifier } from "pg";
import type { DataSource } from "typeorm";
import { Database } from "../../src/db/database";
import { DatabaseUnreachable } from "../../src/domain/errors";
import { type MigratedDatabase, migratedDatabase, POOLS } from "../support/migrated-database";

let at: MigratedDatabase;
let admin: Client;
let database: Database;
let one: string;
let other: string;
beforeAll(async () => {
  at = await migratedDatabase();
  admin = new Client(at.fresh.adminUrl);
  await admin.connect();
  // Servers of tests do not wait for the disk; this one has to, or nobody could tell who does not.
  await admin.query(`ALTER DATABASE ${escapeIdentifier(admin.database ?? "")} SET synchronous_commit = on`);
  database = await Database.connect(at.fresh.url, POOLS);
  [one, other] = await Promise.all([at.addPerson("one"), at.addPerson("other")]);
  for (const person of [one, other]) {
    await database.person(person, (tx) =>
      tx.query("INSERT INTO audit_events (person_id, event) VALUES ($1, 'LINKED')", [person]),
    );
  }
});
afterAll(async () => {
  await database.close();
  await admin.end();
  await at.close();
});

const WHOSE = { name: "whose", text: "SELECT person_id AS whose, $1::int AS said FROM audit_events" };
const SETTINGS = {
  name: "settings",
  text: `SELECT coalesce(current_setting('gateway.person_id', true), '') AS person, current_setting('transaction_read_only') AS reads,
    current_setting('plan_cache_mode') AS plans, current_setting('synchronous_commit') AS waits, txid_current_if_assigned()::text AS writes`,
};
const ADD = { name: "add", text: "INSERT INTO audit_events (person_id, event) VALUES ($1, $2) RETURNING event" };
const DIVIDE = { name: "divide", text: "SELECT 1 / $1::int AS quotient" };
const WAKE_SLEEPERS = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
  WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND datname = current_database()`;
const SLEEP = { name: "sleep", text: "SELECT pg_sleep($1::float8)" };
const QUEUE = { name: "queue", text: "SELECT pg_advisory_xact_lock_shared(1)::text, $1::int AS said" };
const LONG = { name: "long", text: "SELECT pg_sleep($1::float8), pg_backend_pid() AS pid" };
const PID = { name: "pid", text: "SELECT pg_backend_pid() AS pid" };

async function underway(statement: string): Promise<number> {
  const { rowCount } = await admin.query(
    "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND datname = current_database()",
    [`${statement}%`],
  );
  return rowCount ?? 0;
}

/** Ends the sessions of so many statements that are under way. */
async function end(statement: string, sessions = 1): Promise<void> {
  while ((await underway(statement)) < sessions) await setTimeout(10);
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND datname = current_database()",
    [`${statement}%`],
  );
}

test("a read sees one person's rows, at the first time on a connection and after it", async () => {
  const people = Array.from({ length: 100 }, (_, index) => (index % 2 ? one : other));
  const seen = await Promise.all(people.map((person, index) => database.read(person, WHOSE, [index])));
  expect(seen).toEqual(people.map((whose, said) => [{ whose, said }]));
});

test("what a transaction was given ends with it", async () => {
  const [inside] = await database.read(one, SETTINGS, []);
  expect(inside).toEqual({ person: one, reads: "on", plans: "force_generic_plan", waits: "on", writes: null });
  const [passing] = await database.passing(one, SETTINGS, []);
  expect(passing).toMatchObject({ person: one, reads: "off", plans: "auto", waits: "off" });
  // Every connection of both pools, for any of them may have been used; one that reads shared is given back when nobody has for a while.
  await setTimeout(100);
  const pools: Readonly<Record<string, DataSource>> = Reflect.get(database, "pools");
  const after = await Promise.all(
    Array.from({ length: 20 }, (_, index) => pools[index % 2 ? "reads" : "api"]?.query(SETTINGS.text)),
  );
  const nobody = { person: "", reads: "off", plans: "auto", waits: "on", writes: null };
  expect(after.flat()).toEqual(after.map(() => nobody));
});

test("what reads cannot write, and what passes writes for everybody to see", async () => {
  await expect(database.read(one, ADD, [one, "READ"])).rejects.toMatchObject({ driverError: { code: "25006" } });
  expect(await database.passing(one, ADD, [one, "PASSED"])).toEqual([{ event: "PASSED" }]);
  const events = await database.person(one, (tx) => tx.query("SELECT event FROM audit_events ORDER BY event"));
  expect(events).toEqual([{ event: "LINKED" }, { event: "PASSED" }]);
});

test("nobody adds to another person's rows", async () => {
  await expect(database.passing(one, ADD, [other, "FORGED"])).rejects.toMatchObject({
    driverError: { code: "42501" },
  });
});

test("a statement that fails leaves nothing behind on any connection", async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) => database.read(one, DIVIDE, [index % 3])),
  );
  const told = outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value[0] : outcome.reason.driverError.code,
  );
  expect(told).toEqual(outcomes.map((_, index) => ["22012", { quotient: 1 }, { quotient: 0 }][index % 3]));
  expect(await database.read(other, WHOSE, [1])).toEqual([{ whose: other, said: 1 }]);
});

test("one that cannot be sent, and one whose session is ended twice, are told, and the next ones answered", async () => {
  await expect(database.read(one, WHOSE, ["no number"])).rejects.toMatchObject({ driverError: { code: "22P02" } });
  const ended = database.read(one, SLEEP, [20]);
  const told = expect(ended).rejects.toThrow(DatabaseUnreachable);
  await end(SLEEP.text);
  await end(SLEEP.text);
  await told;
  expect(await database.read(one, WHOSE, [2])).toEqual(expect.arrayContaining([{ whose: one, said: 2 }]));
});

test("short reads share a session, and none stands behind a long one", async () => {
  const pids = async (reads: number): Promise<Set<unknown>> => {
    const said = await Promise.all(Array.from({ length: reads }, () => database.read<{ pid: number }>(one, PID, [])));
    return new Set(said.map(([row]) => row?.pid));
  };
  const [first, ...others] = await pids(60);
  expect(others).toEqual([]);
  const long = database.read<{ pid: number }>(one, LONG, [60]);
  const told = expect(long).rejects.toThrow(DatabaseUnreachable);
  while ((await underway(LONG.text)) === 0) await setTimeout(20);
  await setTimeout(100);
  const meanwhile = [...(await pids(60))];
  expect(meanwhile).toHaveLength(1);
  const [sleeper] = (await admin.query("SELECT pid FROM pg_stat_activity WHERE query = $1", [LONG.text])).rows;
  expect(meanwhile).not.toContain(sleeper.pid);
  expect(sleeper.pid).toBe(first);
  await admin.query(WAKE_SLEEPERS);
  await told;
});

test("reads whose sessions are ended are sent once more, those that stood behind others as well", async () => {
  await admin.query("SELECT pg_advisory_lock(1)");
  const waiting: Promise<unknown>[] = [];
  while ((await underway(QUEUE.text)) < POOLS.reads) {
    if (waiting.length < POOLS.reads) waiting.push(database.read(other, QUEUE, [0]));
    await setTimeout(100);
  }
  const behind = Array.from({ length: 3 * POOLS.reads }, (_, said) => database.read(other, WHOSE, [said]));
  await end(QUEUE.text, POOLS.reads);
  await admin.query("SELECT pg_advisory_unlock(1)");
  expect((await Promise.all(behind)).flat()).toEqual(behind.map((_, said) => ({ whose: other, said })));
  expect((await Promise.all(waiting)).flat()).toEqual(waiting.map(() => expect.objectContaining({ said: 0 })));
});

test("reads go on while every change waits, and changes while every read does", async () => {
  const changes = Promise.allSettled(
    Array.from({ length: POOLS.api }, () => database.person(one, (tx) => tx.query("SELECT pg_sleep(60)"))),
  );
  while ((await underway("SELECT pg_sleep(60)")) !== POOLS.api) await setTimeout(20);
  expect(await database.read(one, WHOSE, [1])).toEqual(expect.arrayContaining([{ whose: one, said: 1 }]));
  expect(await underway("SELECT pg_sleep(60)")).toBe(POOLS.api);
  await admin.query(WAKE_SLEEPERS);
  await changes;
  const reads: Promise<unknown>[] = [];
  while ((await underway("SELECT pg_sleep($1")) < POOLS.reads) {
    if (reads.length < POOLS.reads) reads.push(database.read(one, SLEEP, [60]));
    await setTimeout(100);
  }
  const settled = Promise.allSettled(reads);
  expect(await database.person(one, (tx) => tx.query("SELECT 1 AS done"))).toEqual([{ done: 1 }]);
  expect(await underway("SELECT pg_sleep($1")).toBe(POOLS.reads);
  await admin.query(WAKE_SLEEPERS);
  await settled;
});
