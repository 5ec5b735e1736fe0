import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { Database } from "../../src/db/database";
import { add, jobsOf, QUICK, startTestWorker, type TestWorker, task, until } from "../support/job-worker";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy";

const SMALL = { api: 2, reads: 2, refresh: 1, attempts: 1, worker: 2 };

let at: MigratedDatabase;
let proxy: TcpProxy;
let behind: Database;
const workers: TestWorker[] = [];
beforeEach(async () => {
  at = await migratedDatabase();
  const direct = new URL(at.fresh.url);
  proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) });
  direct.hostname = "127.0.0.1";
  direct.port = String(proxy.port);
  behind = await Database.connect(direct.href, SMALL);
});
afterEach(async () => {
  proxy.mend();
  await Promise.all(workers.splice(0).map((worker) => worker.end()));
  await behind.close();
  await proxy.stop();
  await at.close();
});

async function start(database: Database, run: Parameters<typeof task>[1], parts = {}): Promise<TestWorker> {
  const worker = await startTestWorker(database, [task("work", run)], parts);
  workers.push(worker);
  return worker;
}

const isReachable = (worker: TestWorker) =>
  worker.reachable().then(
    () => true,
    () => false,
  );

const work = (n: number) => add(at.database, { task: "work", payload: { n } });

test("connections cut in the middle of the work: every job is done, none is left locked", async () => {
  const done = new Set<number>();
  const worker = await start(at.database, async (payload) => {
    await sleep(30);
    done.add((payload as { n: number }).n);
  });
  const admin = new Client({ connectionString: at.fresh.adminUrl });
  await admin.connect();
  try {
    for (let round = 0; round < 4; round += 1) {
      for (let n = 0; n < 20; n += 1) await work(20 * round + n);
      await sleep(100);
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'gateway %job%'",
      );
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway worker process'",
      );
    }
  } finally {
    await admin.end();
  }
  await until("every job", () => done.size === 80, 60_000);
  await until("an empty queue", async () => (await jobsOf(at.database)).length === 0, 60_000);
  await until("the lock, which it may be taking again", () => isReachable(worker), 60_000);
}, 150_000);

test("two jobs that could not be told to be done: the lane goes on at once, though another job of the same runner lasts", async () => {
  const begun: number[] = [];
  const finish = new Map<number, () => void>();
  await start(behind, async (payload) => {
    const { n } = payload as { n: number };
    begun.push(n);
    if (n <= 3) await new Promise<void>((resolve) => finish.set(n, resolve));
  });
  for (const n of [1, 2, 3]) await work(n);
  await until("their beginning", () => begun.length === 3);
  proxy.cut();
  for (const n of [1, 2]) {
    finish.get(n)?.();
    await sleep(50);
  }
  proxy.mend();
  await work(4);
  await until("the next one", () => begun.includes(4), 20_000);
  finish.get(3)?.();
  finish.clear();
  const freed = () => [...finish.values()].map((done) => done());
  await until("an empty queue", async () => freed() && (await jobsOf(at.database)).length === 0, 30_000);
}, 60_000);

test("a job that was taken by a statement whose answer got lost is done all the same; one that runs for long is left alone", async () => {
  const done: number[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await start(at.database, async (payload) => {
    const { n } = payload as { n: number };
    if (n === 1) await finished;
    done.push(n);
  });
  const takenLongAgo = `UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '1 hour',
    locked_by = (SELECT worker_ids[1] FROM worker_processes), attempts = 1 WHERE (payload ->> 'n')::int = `;
  await work(1);
  await until("its beginning", async () => (await jobsOf(at.database)).some(({ locked }) => locked));
  await at.database.directory(`${takenLongAgo} 1`, []);
  await add(at.database, { task: "work", payload: { n: 2 }, runAt: Date.now() / 1_000 + 3_600 });
  await at.database.directory(`${takenLongAgo} 2`, []);
  await until("the lost one", () => done.includes(2), 30_000);
  expect(done).toEqual([2]);
  finish();
  await until("an empty queue", async () => (await jobsOf(at.database)).length === 0);
  expect(done).toEqual([2, 1]);
}, 60_000);

test("PostgreSQL away for longer than the grace: the process takes no job, tells what it runs to stop, another one does it, and both go on", async () => {
  const told: string[] = [];
  const cutOff = await start(behind, async (payload, { signal }) => {
    const { n } = payload as { n: number };
    told.push(`first begins ${n}`);
    if (n === 1) {
      await sleep(30_000, undefined, { signal }).catch((error: unknown) => {
        told.push("first is told to stop");
        throw error;
      });
    }
  });
  await work(1);
  await until("its beginning", () => told.length === 1);
  const other = await start(at.database, async (payload) => {
    told.push(`second does ${(payload as { n: number }).n}`);
  });
  proxy.cut();
  await until("another to do it", () => told.includes("second does 1"), 10_000);
  expect(told).toEqual(["first begins 1", "first is told to stop", "second does 1"]);
  await expect(cutOff.reachable()).rejects.toThrow();
  await other.end();
  await work(2);
  await sleep(500);
  expect(told).toHaveLength(3);
  proxy.mend();
  await until("the first to go on", () => told.includes("first begins 2"), 20_000);
  await until("an empty queue", async () => (await jobsOf(at.database)).length === 0);
  await until("the lock, which it may be taking again", () => isReachable(cutOff), 60_000);
}, 60_000);

test("PostgreSQL falls silent: noticed by the heart beat, and the process comes back with the same number", async () => {
  const done: number[] = [];
  const worker = await start(behind, async (payload) => void done.push((payload as { n: number }).n));
  const [before] = await at.database.directory<{ id: number }>("SELECT id FROM worker_processes", []);
  proxy.freeze();
  await until("the silence to be noticed", async () => !(await isReachable(worker)), 15_000);
  proxy.cut();
  proxy.mend();
  await work(1);
  await until("the job", () => done.length === 1, 20_000);
  expect(await at.database.directory("SELECT id FROM worker_processes WHERE missing_since IS NULL", [])).toEqual([
    before,
  ]);
}, 60_000);

test("a worker whose first look at the queue was cut off takes jobs all the same", async () => {
  const admin = new Client({ connectionString: at.fresh.adminUrl });
  await admin.connect();
  const done: number[] = [];
  try {
    await admin.query("BEGIN");
    await admin.query("LOCK TABLE graphile_worker._private_tasks IN ACCESS EXCLUSIVE MODE");
    await start(at.database, async (payload) => void done.push((payload as { n: number }).n));
    // Seen once a transaction.
    const looking =
      "FROM pg_stat_clear_snapshot(), pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%_private_tasks%'";
    await until("the first look", async () => (await admin.query(`SELECT 1 ${looking}`)).rowCount === 1);
    await admin.query(`SELECT pg_terminate_backend(pid) ${looking}`);
    await admin.query("ROLLBACK");
  } finally {
    await admin.end();
  }
  await work(1);
  await until("the job", () => done.length === 1, 30_000);
}, 60_000);

test("what a job did while the process was cut off neither completes nor fails the job that another one took", async () => {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let began = false;
  await start(behind, async () => {
    began = true;
    await finished;
  });
  await work(1);
  await until("its beginning", () => began);
  let taken = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const other = await start(at.database, async () => {
    taken += 1;
    await held;
  });
  proxy.cut();
  await until("another to take it", () => taken === 1, 10_000);
  proxy.mend();
  finish();
  await sleep(3 * QUICK.grace);
  expect(await jobsOf(at.database)).toMatchObject([{ locked: true, attempts: 1 }]);
  release();
  await until("an empty queue", async () => (await jobsOf(at.database)).length === 0);
  expect(other.attempts).toEqual([{ task: "work", outcome: "done" }]);
  expect(taken).toBe(1);
}, 60_000);
