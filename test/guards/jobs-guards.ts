import type { Guard } from "./guards";

const PROCESSES = "src/db/repositories/worker-processes.ts";

/** The guards of jobs: whose they are, and who may see them. */
export const JOBS_GUARDS: readonly Guard[] = [
  {
    name: "the queue is for keys with the scope admin",
    file: "src/loaders/reach.ts",
    find: 'demandScope(caller.key, "admin");',
    replace: "",
    suite: "test/integration/http-admin.test.ts",
    tests: "a key without the scope is told FORBIDDEN",
  },
  {
    name: "jobs of dead processes are freed",
    file: PROCESSES,
    find: "await tx.query(replace(ORPHANED, DIED));",
    replace: "[{ jobs: 0 }];",
    suite: "test/integration/jobs-processes.test.ts",
    tests: "within the grace its jobs are its own",
  },
  {
    name: "a process in its grace keeps its jobs",
    file: PROCESSES,
    find: "WHERE p.missing_since <= now() - $1::float8 * interval '1 millisecond' AND",
    replace: "WHERE $1::float8 > 0 AND",
    suite: "test/integration/jobs-processes.test.ts",
    tests: "within the grace its jobs are its own",
  },
  {
    name: "no message of an error in the queue",
    file: "src/jobs/attempts.ts",
    find: "throw new Error(told(error));",
    replace: "throw error;",
    suite: "test/integration/jobs.test.ts",
    tests: "told by name and code only",
  },
  {
    name: "a process without its lock takes no job",
    file: "src/jobs/lane.ts",
    find: "await parts.presence.admit(workerId);",
    replace: "",
    suite: "test/integration/jobs.test.ts",
    tests: "longer than several looks for the dead",
  },
  {
    name: "a lane goes on while what one of its runners had is not over",
    file: "src/jobs/lane.ts",
    find: "await Promise.race([running.told, running.closed]);",
    replace: "await running.told;",
    suite: "test/integration/jobs-outages.test.ts",
    tests: "the lane goes on at once",
  },
  {
    name: "a job beside the one of its key that is being taken",
    file: "src/db/repositories/jobs.ts",
    find: "if ((await add()).length === 0) return;",
    replace: "if ((await add()).length >= 0) return;",
    suite: "test/integration/jobs.test.ts",
    tests: "is added beside it",
  },
];
