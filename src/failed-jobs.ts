import { type Command, columns, runCommand, timeText, UsageError } from "./command-line";
import { createQueue } from "./db/repositories/queue";
import type { Queue } from "./services/ports/queue";

const USAGE = `The job queue: what waits and runs, and jobs that failed too often and are not tried any more.

  npm run jobs -- list
  npm run jobs -- failed
  npm run jobs -- retry (<id>… | all)
  npm run jobs -- discard (<id>… | all)

What a discarded job was to do is not done. The same by GraphQL: Query.admin, for server keys with the scope admin.`;

/** Most failed jobs that are listed. */
const LISTED = 1_000;

function parseCommand([command, ...ids]: readonly string[]): Command {
  if (command === "list" && ids.length === 0) return ({ database }) => list(createQueue(database));
  if (command === "failed" && ids.length === 0) return ({ database }) => failed(createQueue(database));
  if ((command === "retry" || command === "discard") && ids.length > 0) {
    const chosen = ids.length === 1 && ids[0] === "all" ? null : ids;
    if (chosen?.some((id) => !/^[1-9]\d{0,17}$/.test(id))) throw new UsageError(`${command}: expected ids, or all`);
    return async ({ database }) => {
      const done = await createQueue(database)[command](chosen);
      return `${command === "retry" ? "to be tried again" : "discarded"}: ${done.join(" ") || "none"}`;
    };
  }
  throw new UsageError(USAGE);
}

async function list(queue: Queue): Promise<string> {
  const { tasks, schedules, processes } = await queue.state();
  const jobs = tasks.map(({ task, waiting, running, aside, oldestDueSeconds: age }) =>
    [task, waiting, running, aside, age === null ? "-" : `${Math.floor(age)} s`].map(String),
  );
  const calls = schedules.map(({ task, lastRunAt }) => [task, timeText(lastRunAt)]);
  return [
    columns([["TASK", "WAITING", "RUNNING", "ASIDE", "OLDEST DUE FOR"], ...jobs]),
    columns([["CALLED BY THE CLOCK", "LAST"], ...calls]),
    `processes at work: ${processes}`,
  ].join("\n\n");
}

async function failed(queue: Queue): Promise<string> {
  const jobs = (await queue.failed(LISTED)).map(({ id, task, attempts, failedAt, error }) => {
    return [id, task, String(attempts), timeText(failedAt), error ?? "-"];
  });
  return columns([["ID", "TASK", "ATTEMPTS", "FAILED", "ERROR"], ...jobs]);
}

runCommand(parseCommand);
