import { GatewayError } from "../domain/errors";
import type { FailedJob, QueueState, TaskCounts } from "../services/api";
import type { RequestContext } from "./context";
import { demandAdmin } from "./reach";

/** Most failed jobs in one answer. */
const MAX_FIRST = 500;

/** Ids of jobs: PostgreSQL's bigint. */
const JOB_ID = /^[1-9]\d{0,17}$/;

const sum = (tasks: readonly TaskCounts[], of: "waiting" | "running" | "aside") =>
  tasks.reduce((total, task) => total + task[of], 0);

/** The job queue in figures. */
export async function jobsOverview({ services }: RequestContext): Promise<
  Pick<QueueState, "processes"> & {
    readonly oldestDueSeconds: number | null;
    readonly waiting: number;
    readonly running: number;
    readonly aside: number;
    readonly byTask: readonly TaskCounts[];
  }
> {
  const { tasks, processes } = await services.queue.state();
  const ages = tasks.flatMap(({ oldestDueSeconds }) => oldestDueSeconds ?? []);
  return {
    waiting: sum(tasks, "waiting"),
    running: sum(tasks, "running"),
    aside: sum(tasks, "aside"),
    oldestDueSeconds: ages.length === 0 ? null : Math.floor(Math.max(...ages)),
    processes,
    byTask: tasks,
  };
}

/** The latest failed jobs; BAD_USER_INPUT where `first` is not from 1 to 500. */
export async function failedJobs(
  { services }: RequestContext,
  first: number,
): Promise<{ readonly nodes: readonly FailedJob[] }> {
  if (first < 1 || first > MAX_FIRST) throw new GatewayError("BAD_USER_INPUT", `first: expected 1 to ${MAX_FIRST}`);
  return { nodes: await services.queue.failed(first) };
}

/** Retries or discards failed jobs for a caller with the scope `admin`; answers which. BAD_USER_INPUT for what is no job's id. */
export async function changeFailedJobs(
  ctx: RequestContext,
  change: "retry" | "discard",
  ids: readonly string[],
): Promise<{ readonly ids: readonly string[] }> {
  demandAdmin(ctx);
  if (ids.length > MAX_FIRST || !ids.every((id) => JOB_ID.test(id))) {
    throw new GatewayError("BAD_USER_INPUT", `input.ids: expected at most ${MAX_FIRST} ids of failed jobs`);
  }
  return { ids: await ctx.services.queue[change](ids) };
}
