import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { enqueue, enqueueAll } from "../../src/db/repositories/jobs";
import { createQueue } from "../../src/db/repositories/queue";
import { Postponed } from "../../src/services/ports/jobs";
import { add, jobsOf, QUICK, startTestWorker, type TestWorker, task, until } from "../support/job-worker";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";

let at: MigratedDatabase;
let worker: TestWorker | undefined;
beforeEach(async () => {
  at = await migratedDatabase();
});
afterEach(async () => {
  await worker?.end();
  worker = undefined;
  await at.close();
});

/** Makes every job due, and says so. */
const hurry = () =>
  at.database.directory(
    `WITH due AS (UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL RETURNING id)
     SELECT pg_notify('jobs:insert', '{"count":4}') FROM due`,
    [],
  );

test("a job added in a transaction about a person is done once that commits, and never where it is rolled back", async () => {
  const person = await at.addPerson();
  const done: unknown[] = [];
  worker = await startTestWorker(at.database, [task("note", async (payload) => void done.push(payload))]);
  const rolledBack = at.database.person(person, async (tx) => {
    await enqueue(tx, { task: "note", payload: { commit: false } });
    throw new Error("rolled back");
  });
  await expect(rolledBack).rejects.toThrow("rolled back");
  const [role] = await at.database.directory(
    "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    [],
  );
  expect(role).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: true });
  await at.database.person(person, (tx) => enqueue(tx, { task: "note", payload: { commit: true } }));
  await until("the job", () => done.length > 0);
  await until("an empty queue", async () => (await jobsOf(at.database)).length === 0);
  expect(done).toEqual([{ commit: true }]);
  expect(worker.attempts).toEqual([{ task: "note", outcome: "done" }]);
});

test.each([
  ["one", (key: string) => add(at.database, { task: "note", payload: { n: 2 }, key })],
  [
    "several at once",
    (key: string) =>
      at.database.application((tx) =>
        enqueueAll(tx, [
          { task: "note", payload: { n: 3 }, key: "another" },
          { task: "note", payload: { n: 2 }, key },
        ]),
      ),
  ],
])(
  "a job that is added while a worker is just taking the one of its key is added beside it (%s)",
  async (_, adding) => {
    await add(at.database, { task: "note", payload: { n: 1 }, key: "k" });
    const [taker, looker] = [0, 1].map(() => new Client({ connectionString: at.fresh.adminUrl }));
    await Promise.all([taker!.connect(), looker!.connect()]);
    try {
      // As graphile-worker takes a job, but for the time that it takes.
      await taker!.query("BEGIN");
      await taker!.query(
        "UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'w', attempts = 1 WHERE key = 'k'",
      );
      const added = adding("k");
      const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await until("the one to wait for the other", async () => (await looker!.query(waits)).rowCount === 1);
      await taker!.query("COMMIT");
      await added;
    } finally {
      await Promise.all([taker!.end(), looker!.end()]);
    }
    const left = (await jobsOf(at.database)).filter(({ key }) => key !== "another");
    expect(left.map(({ key, locked, attempts }) => [key, locked, attempts])).toEqual([
      [null, true, 5],
      ["k", false, 0],
    ]);
  },
);

test("a job that fails five times goes aside, told by name and code only, and its neighbours go on; retried, it is done", async () => {
  const queue = createQueue(at.database);
  let [tries, broken] = [0, true];
  const done: unknown[] = [];
  worker = await startTestWorker(at.database, [
    task("poisoned", async () => {
      tries += 1;
      const cause = Object.assign(new Error("ada@example.org slept 7 h"), { code: "23505" });
      if (broken) throw new TypeError("secret-token of ada@example.org", { cause });
    }),
    task("note", async (payload) => void done.push(payload)),
  ]);
  await add(at.database, { task: "poisoned", payload: { person: "ada" }, priority: -1 });
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await until(`attempt ${attempt}`, () => tries === attempt);
    await until("its end", async () => (await jobsOf(at.database)).every(({ locked }) => !locked));
    await add(at.database, { task: "note", payload: { attempt } });
    await until("its neighbour", () => done.length === attempt);
    if (attempt < 5) expect(await queue.failed(10)).toEqual([]);
    await hurry();
  }
  await add(at.database, { task: "note", payload: { attempt: 6 } });
  await until("its neighbour", () => done.length === 6);
  expect(tries).toBe(5);
  expect((await jobsOf(at.database)).filter(({ task }) => task !== "note")).toMatchObject([
    { error: "TypeError < Error 23505" },
  ]);
  const [failed] = await queue.failed(10);
  expect(failed).toMatchObject({ task: "poisoned", attempts: 5, error: "TypeError < Error 23505" });
  await until("an idle queue", async () => (await queue.state()).tasks.length === 1);
  expect(await queue.state()).toMatchObject({
    tasks: [{ task: "poisoned", waiting: 0, running: 0, aside: 1, oldestDueSeconds: null }],
    processes: 1,
  });
  expect(worker.attempts.filter(({ task }) => task === "poisoned").map(({ outcome }) => outcome)).toEqual([
    ...Array(4).fill("failed"),
    "aside",
  ]);

  broken = false;
  expect(await queue.retry(["999999"])).toEqual([]);
  expect(await queue.retry([failed!.id])).toEqual([failed!.id]);
  await until("the job", async () => (await jobsOf(at.database)).length === 0);
  expect(tries).toBe(6);
});

test("the time of the last failure is told, and a failed job that is discarded is gone", async () => {
  const queue = createQueue(at.database);
  const running = await startTestWorker(at.database, [
    task("poisoned", async () => {
      throw new Error("no");
    }),
  ]);
  worker = running;
  await add(at.database, { task: "poisoned", payload: {} });
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await until(`attempt ${attempt}`, () => running.attempts.length === attempt);
    await until("its end", async () => (await jobsOf(at.database)).every(({ locked }) => !locked));
    if (attempt < 5) await hurry();
  }
  const [failed] = await queue.failed(1);
  expect(Math.abs(failed!.failedAt - Date.now() / 1_000)).toBeLessThan(5);
  expect(await queue.discard(null)).toEqual([failed!.id]);
  expect(await jobsOf(at.database)).toEqual([]);
});

test("a postponed job is done again at its time, which is no attempt; a newer job under its key takes its place", async () => {
  const numbers: unknown[] = [];
  let replaced = false;
  worker = await startTestWorker(at.database, [
    task("later", async (payload, { number }) => {
      numbers.push([payload, number]);
      if (numbers.length === 1) throw new Error("counts");
      if (numbers.length === 2) throw new Postponed(Date.now() / 1_000 + 3_600, "not now");
    }),
    task("replaced", async (payload) => {
      if ((payload as { newer?: boolean }).newer) {
        replaced = true;
        return;
      }
      await add(at.database, {
        task: "replaced",
        payload: { newer: true },
        key: "k",
        runAt: Date.now() / 1_000 + 3_600,
      });
      throw new Postponed(Date.now() / 1_000, "not now");
    }),
  ]);
  await add(at.database, { task: "later", payload: { n: 1 }, key: "one" });
  await until("the first attempt", () => numbers.length === 1);
  await until("its end", async () => (await jobsOf(at.database)).every(({ locked }) => !locked));
  await hurry();
  await until("the second attempt", () => numbers.length === 2);
  await until("its end", async () => (await jobsOf(at.database)).every(({ locked }) => !locked));
  const [waiting] = await jobsOf(at.database);
  expect(waiting).toMatchObject({ key: "one", attempts: 1, error: "Error" });
  expect(waiting!.inSeconds).toBeGreaterThan(3_500);
  await hurry();
  await until("the third attempt", () => numbers.length === 3);
  expect(numbers).toEqual([1, 2, 2].map((number) => [{ n: 1 }, number]));

  await add(at.database, { task: "replaced", payload: {}, key: "k" });
  await until("the older job's end", () =>
    worker?.attempts.some(({ outcome, task }) => task === "replaced" && outcome === "put back"),
  );
  await until("one job", async () => (await jobsOf(at.database)).length === 1);
  expect(await jobsOf(at.database)).toMatchObject([{ task: "replaced", key: "k", attempts: 0, locked: false }]);
  expect(replaced).toBe(false);
  await hurry();
  await until("the newer job", () => replaced);
});

test("a job that takes longer than several looks for the dead is left alone", async () => {
  let begun = 0;
  worker = await startTestWorker(at.database, [
    task("long", async () => {
      begun += 1;
      await sleep(4 * QUICK.sweepEvery);
    }),
  ]);
  await add(at.database, { task: "long", payload: {} });
  await until("its end", async () => begun > 0 && (await jobsOf(at.database)).length === 0);
  expect([begun, worker.attempts]).toEqual([1, [{ task: "long", outcome: "done" }]]);
});

test("a job that a newer one replaced while it ran and failed is no failed job, and is cleared away", async () => {
  const queue = createQueue(at.database);
  worker = await startTestWorker(at.database, [
    task("replaced", async (payload) => {
      if ((payload as { newer?: boolean }).newer) return;
      await add(at.database, {
        task: "replaced",
        payload: { newer: true },
        key: "k",
        runAt: Date.now() / 1_000 + 3_600,
      });
      throw new Error("no");
    }),
  ]);
  await add(at.database, { task: "replaced", payload: {}, key: "k" });
  await until("its failure", () => worker?.attempts.length === 1);
  expect(await queue.failed(10)).toEqual([]);
  await until("the newer job alone", async () => (await jobsOf(at.database)).length === 1);
  expect(await jobsOf(at.database)).toMatchObject([{ key: "k", locked: false, attempts: 0 }]);
});
