import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createQueue } from "../../src/db/repositories/queue";
import { createWorkerProcesses, MAX_DEATHS } from "../../src/db/repositories/worker-processes";
import type { WorkerSession } from "../../src/services/ports/worker-processes";
import type { Hold, JobProcessOptions } from "../support/job-process";
import { add, jobsOf, QUICK, until } from "../support/job-worker";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";
import { programArguments } from "../support/program";

let at: MigratedDatabase;
const running: ChildProcess[] = [];
beforeEach(async () => {
  at = await migratedDatabase();
  await at.database.directory(
    `CREATE TABLE runs (id int GENERATED ALWAYS AS IDENTITY, tag text, pid int, what text, number int,
       at timestamptz DEFAULT clock_timestamp())`,
    [],
  );
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => ended(child, "SIGKILL")));
  await at.close();
});

async function start(options: JobProcessOptions = {}): Promise<ChildProcess> {
  const args = [...programArguments("test/support/job-process.ts"), at.fresh.url, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  await once(child.stdout!, "data");
  return child;
}

/** Ends a process; its exit code, null where the signal ended it. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  return (await exit)[0];
}

const hold = (job: Hold, key?: string, runAt?: number) =>
  add(at.database, {
    task: "hold",
    payload: { ...job },
    ...(key === undefined ? {} : { key }),
    ...(runAt === undefined ? {} : { runAt }),
  });
const runs = (tag: string) =>
  at.database.directory<{ pid: number; what: string; number: number }>(
    "SELECT pid, what, number FROM runs WHERE tag = $1 ORDER BY id",
    [tag],
  );
const told = async (tag: string, what: string) => (await runs(tag)).some((run) => run.what === what);

test("kill -9 of a worker: its jobs are done by another process within seconds, and have lost no attempt by it", async () => {
  const first = await start();
  await hold({ tag: "killed", ms: 60_000, again: 0 });
  await until("its beginning", () => told("killed", "begun"));
  const second = await start();
  const killedAt = performance.now();
  await ended(first, "SIGKILL");
  await until("its end", () => told("killed", "ended"), 20_000);
  console.log(
    `after kill -9 the job was done by another process within ${Math.round(performance.now() - killedAt)} ms`,
  );
  expect(await runs("killed")).toEqual([
    { pid: first.pid, what: "begun", number: 1 },
    { pid: second.pid, what: "begun", number: 1 },
    { pid: second.pid, what: "ended", number: 1 },
  ]);
  await until("one process", async () => (await createQueue(at.database).state()).processes === 1);
  expect(await at.database.directory("SELECT count(*)::int AS known FROM worker_processes", [])).toEqual([
    { known: 1 },
  ]);
});

test("a process that starts after a kill -9 finds the jobs of the dead by itself", async () => {
  const first = await start();
  await hold({ tag: "alone", ms: 60_000, again: 0 });
  await until("its beginning", () => told("alone", "begun"));
  await ended(first, "SIGKILL");
  await start();
  await until("its end", () => told("alone", "ended"), 20_000);
});

test(`a job during which ${MAX_DEATHS} processes died goes aside, told as such`, async () => {
  const queue = createQueue(at.database);
  const first = await start();
  await hold({ tag: "deadly", ms: 60_000 });
  await until("its beginning", () => told("deadly", "begun"));
  await at.database.directory("UPDATE graphile_worker._private_jobs SET flags = $1", [{ deaths: MAX_DEATHS - 1 }]);
  await ended(first, "SIGKILL");
  await start();
  await until("a failed job", async () => (await queue.failed(1)).length === 1, 20_000);
  const [failed] = await queue.failed(1);
  expect(failed).toMatchObject({ task: "hold", error: "WorkerDied" });
  expect(Math.abs(failed!.failedAt - Date.now() / 1_000)).toBeLessThan(10);
  expect(await queue.retry(null)).toEqual([failed!.id]);
  await until("its retry", async () => (await runs("deadly")).length === 2);
  expect(await jobsOf(at.database)).toMatchObject([{ flags: {} }]);
});

test("of a job of a dead process that a newer one has replaced, nothing is left", async () => {
  const first = await start();
  await hold({ tag: "older", ms: 60_000 }, "key");
  await until("its beginning", () => told("older", "begun"));
  await hold({ tag: "newer", ms: 0 }, "key", Date.now() / 1_000 + 3_600);
  await ended(first, "SIGKILL");
  expect(await jobsOf(at.database)).toHaveLength(2);
  await start();
  await until("one job", async () => (await jobsOf(at.database)).length === 1, 20_000);
  expect(await jobsOf(at.database)).toMatchObject([{ key: "key", attempts: 0, locked: false }]);
  expect(await createQueue(at.database).failed(1)).toEqual([]);
});

test("two processes share the jobs, and run none of them twice", async () => {
  await Promise.all([start(), start()]);
  const tags = Array.from({ length: 80 }, (_, index) => `job ${index}`);
  await Promise.all(tags.map((tag) => hold({ tag, ms: 50 })));
  await until("all to end", async () => (await jobsOf(at.database)).length === 0, 20_000);
  const [sums] = await at.database.directory<{ begun: number; jobs: number; pids: number }>(
    `SELECT count(*)::int AS begun, count(DISTINCT tag)::int AS jobs, count(DISTINCT pid)::int AS pids
     FROM runs WHERE what = 'begun'`,
    [],
  );
  expect(sums).toEqual({ begun: 80, jobs: 80, pids: 2 });
});

test("a process whose lock is cut off keeps its jobs: it is back before the others give it up", async () => {
  const timing = { ...QUICK, grace: 5_000, abandonAfter: 4_500 };
  const [first, second] = await Promise.all([start({ timing }), start({ timing })]);
  await hold({ tag: "kept", ms: 4_000 });
  await until("its beginning", () => told("kept", "begun"));
  for (let cut = 0; cut < 3; cut += 1) {
    await at.database.directory(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gateway worker process' AND datname = current_database()",
      [],
    );
    await sleep(700);
  }
  await until("its end", () => told("kept", "ended"));
  expect((await runs("kept")).map(({ what }) => what)).toEqual(["begun", "ended"]);
  expect([first.pid, second.pid]).toContain((await runs("kept"))[0]?.pid);
});

test("of a process that has lost its lock: within the grace its jobs are its own, then they are free, and it is told so", async () => {
  const processes = createWorkerProcesses(at.database);
  const session = await processes.enter(null, ["its worker"]);
  await hold({ tag: "taken", ms: 0 });
  await at.database.directory(
    "UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'its worker', attempts = 1",
    [],
  );
  const lost = async (one: WorkerSession) => {
    await one.close(false);
    await until("its lock to be free", async () => (await createQueue(at.database).state()).processes === 0);
  };
  expect(await processes.sweep(0)).toBe(0);
  await lost(session);
  expect(await processes.sweep(60_000)).toBe(0);
  expect(await jobsOf(at.database)).toMatchObject([{ locked: true, attempts: 1 }]);
  const back = await processes.enter(session.processId, ["its worker"]);
  expect([back.processId, back.givenUp]).toEqual([session.processId, false]);
  await lost(back);
  expect(await processes.sweep(0)).toBe(1);
  expect(await jobsOf(at.database)).toMatchObject([{ locked: false, attempts: 0 }]);
  const late = await processes.enter(session.processId, ["its worker"]);
  expect(late.givenUp).toBe(true);
  await late.close(true);
});

test("SIGTERM: what runs is told to stop, what does not is put back, and another process takes both at once", async () => {
  const first = await start({ stopWithin: 700 });
  await hold({ tag: "heeds", ms: 60_000, again: 0, heed: true });
  await hold({ tag: "deaf", ms: 60_000, again: 0 });
  await hold({ tag: "short", ms: 400 });
  await until("all to begin", async () => (await jobsOf(at.database)).filter(({ locked }) => locked).length === 3);
  await until("all to begin", async () => (await told("heeds", "begun")) && (await told("deaf", "begun")));
  const second = await start();
  expect(await ended(first, "SIGTERM")).toBe(0);
  await until("both to end", async () => (await told("heeds", "ended")) && (await told("deaf", "ended")), 5_000);
  expect((await runs("heeds")).map(({ what, number }) => [what, number])).toEqual([
    ["begun", 1],
    ["told to stop", 1],
    ["begun", 1],
    ["ended", 1],
  ]);
  expect((await runs("deaf")).map(({ pid, number }) => [pid, number])).toEqual([
    [first.pid, 1],
    [second.pid, 1],
    [second.pid, 1],
  ]);
  expect((await runs("short")).map(({ pid, what }) => [pid, what])).toEqual([
    [first.pid, "begun"],
    [first.pid, "ended"],
  ]);
  await until("no jobs", async () => (await jobsOf(at.database)).length === 0);
});

test("a schedule calls once, however many processes there are; what was missed is made up for", async () => {
  await at.database.directory(
    `INSERT INTO graphile_worker._private_known_crontabs (identifier, known_since, last_execution)
     VALUES ('tick', now() - interval '1 day', date_trunc('minute', now()) - interval '4 minutes')`,
    [],
  );
  const schedules = [{ task: "tick", cron: "* * * * *", catchUpSeconds: 600 }];
  await Promise.all([start({ schedules }), start({ schedules }), start({ schedules })]);
  const calls = () =>
    at.database.directory<{ tag: string; times: number }>(
      "SELECT tag, count(*)::int AS times FROM runs WHERE what = 'begun' GROUP BY tag",
      [],
    );
  await until("four calls", async () => (await calls()).length >= 4);
  await sleep(1_000);
  const called = await calls();
  expect(called.map(({ times }) => times)).toEqual(called.map(() => 1));
  expect(called.length).toBeLessThan(7);
  const { schedules: known } = await createQueue(at.database).state();
  expect(known).toMatchObject([{ task: "tick" }]);
  expect(Math.abs((known[0]?.lastRunAt ?? 0) - Date.now() / 1_000)).toBeLessThan(70);
});
