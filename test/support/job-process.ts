import { setTimeout as sleep } from "node:timers/promises";
import { Database } from "../../src/db/database";
import type { PresenceTiming } from "../../src/jobs/presence";
import type { Schedule, Task } from "../../src/services/ports/jobs";
import { startTestWorker } from "./job-worker";

/** What a `hold` job does: runs for so long, at once where it has been begun before (`again`), or until it is told to stop (`heed`). */
export interface Hold {
  readonly tag: string;
  readonly ms: number;
  readonly again?: number;
  readonly heed?: boolean;
}

/** What a job process is told, as JSON in its second argument. */
export interface JobProcessOptions {
  readonly stopWithin?: number;
  readonly timing?: PresenceTiming;
  readonly schedules?: readonly Schedule[];
}

/**
 * A process that works off jobs: `job-process.ts <database> <options>`. Its tasks note in the table `runs` what they do. Prints `ready`; on
 * SIGTERM it stops as the gateway does.
 */
async function main(): Promise<void> {
  const [url = "", options = "{}"] = process.argv.slice(2);
  const parts = JSON.parse(options) as JobProcessOptions;
  const database = await Database.connect(url, { api: 2, reads: 2, refresh: 1, attempts: 1, worker: 2 });
  const note = (tag: string, what: string, number: number) =>
    database.directory("INSERT INTO runs (tag, pid, what, number) VALUES ($1, $2, $3, $4)", [
      tag,
      process.pid,
      what,
      number,
    ]);
  const hold: Task = {
    name: "hold",
    lane: "live",
    async run(payload, { signal, number }) {
      const { tag, ms, again = ms, heed = false } = payload as Hold;
      const [before] = await database.directory("SELECT 1 FROM runs WHERE tag = $1", [tag]);
      await note(tag, "begun", number);
      await sleep(before ? again : ms, undefined, heed ? { signal } : {}).catch(async (error: unknown) => {
        await note(tag, "told to stop", number);
        throw error;
      });
      await note(tag, "ended", number);
    },
  };
  const tick: Task = {
    name: "tick",
    lane: "bulk",
    async run(payload, { number }) {
      await note((payload as { _cron: { ts: string } })._cron.ts, "begun", number);
    },
  };
  const worker = await startTestWorker(database, [hold, tick], parts);
  process.on("SIGTERM", () => void worker.end().then(() => process.exit(0)));
  process.stdout.write("ready\n");
}

void main();
