import { Field, ID, Int, ObjectType } from "type-graphql";
import { DateTime } from "../scalars";

/** The gateway's own workings; its fields are added by resolvers. */
@ObjectType({ description: "The gateway's own workings, for server keys with the scope admin." })
export class Admin {}

/** Jobs of one kind, counted. */
@ObjectType({ simpleResolvers: true, description: "Jobs of one kind, counted." })
export class TaskJobs {
  @Field(() => String, { description: "What is to be done." })
  task!: string;

  @Field(() => Int, { description: "Jobs that are due, or will be." })
  waiting!: number;

  @Field(() => Int, { description: "Jobs that a process has taken." })
  running!: number;

  @Field(() => Int, { description: "Jobs that failed too often and are not tried any more." })
  aside!: number;
}

/** The job queue, counted. */
@ObjectType({ simpleResolvers: true, description: "The job queue, counted." })
export class JobsOverview {
  @Field(() => Int, { description: "Jobs that are due, or will be." })
  waiting!: number;

  @Field(() => Int, { description: "Jobs that a process has taken." })
  running!: number;

  @Field(() => Int, { description: "Jobs that failed too often and are not tried any more." })
  aside!: number;

  @Field(() => Int, {
    nullable: true,
    description: "Whole seconds for which the longest-waiting due job has been due; null where none is.",
  })
  oldestDueSeconds!: number | null;

  @Field(() => Int, { description: "Processes that work off jobs now." })
  processes!: number;

  @Field(() => [TaskJobs], { description: "The same by kind of job, for the kinds that have any." })
  byTask!: readonly TaskJobs[];
}

/** A job that failed too often. */
@ObjectType({ simpleResolvers: true, description: "A job that failed too often and is not tried any more." })
export class FailedJob {
  @Field(() => ID, { description: "For retryFailedJobs and discardFailedJobs." })
  id!: string;

  @Field(() => String, { description: "What was to be done." })
  task!: string;

  @Field(() => Int, { description: "How often it was tried." })
  attempts!: number;

  @Field(() => DateTime, { description: "When it failed last." })
  failedAt!: number;

  @Field(() => String, {
    nullable: true,
    description: "Name and code of the last failure, never its message: those quote data.",
  })
  error!: string | null;
}

/** Jobs that failed too often. */
@ObjectType({ simpleResolvers: true, description: "Jobs that failed too often, the latest failures first." })
export class FailedJobs {
  @Field(() => [FailedJob], { description: "The jobs." })
  nodes!: readonly FailedJob[];
}

/** Answer of retryFailedJobs and discardFailedJobs. */
@ObjectType({ simpleResolvers: true, description: "What was done to failed jobs." })
export class FailedJobsPayload {
  @Field(() => [ID], {
    description: "The failed jobs that it was done to; one that is not there any more is left out.",
  })
  ids!: readonly string[];
}
