import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver } from "type-graphql";
import { changeFailedJobs, failedJobs, jobsOverview } from "../../src/loaders/admin";
import type { RequestContext } from "../../src/loaders/context";
import { demandAdmin } from "../../src/loaders/reach";
import { FailedJobsInput } from "../inputs";
import { Admin, FailedJobs, FailedJobsPayload, JobsOverview } from "../types/admin";

/** The gateway's own workings. */
@Resolver(() => Admin)
export class AdminResolver {
  @Query(() => Admin, {
    nullable: true,
    description: "The gateway's own workings; FORBIDDEN without the scope admin.",
  })
  admin(@Ctx() ctx: RequestContext): Admin {
    demandAdmin(ctx);
    return new Admin();
  }

  @FieldResolver(() => JobsOverview, { description: "The job queue now." })
  jobs(@Ctx() ctx: RequestContext): Promise<JobsOverview> {
    return jobsOverview(ctx);
  }

  @FieldResolver(() => FailedJobs, { description: "Jobs that failed too often, the latest failures first." })
  failedJobs(
    @Arg("first", () => Int, { defaultValue: 50, description: "How many at most: 1 to 500." }) first: number,
    @Ctx() ctx: RequestContext,
  ): Promise<FailedJobs> {
    return failedJobs(ctx, first);
  }

  @Mutation(() => FailedJobsPayload, {
    nullable: true,
    description: "Has failed jobs tried again, from the first attempt; FORBIDDEN without the scope admin.",
  })
  retryFailedJobs(
    @Arg("input", () => FailedJobsInput, { description: "Which." }) input: FailedJobsInput,
    @Ctx() ctx: RequestContext,
  ): Promise<FailedJobsPayload> {
    return changeFailedJobs(ctx, "retry", input.ids);
  }

  @Mutation(() => FailedJobsPayload, {
    nullable: true,
    description: "Deletes failed jobs: what they were to do is not done; FORBIDDEN without the scope admin.",
  })
  discardFailedJobs(
    @Arg("input", () => FailedJobsInput, { description: "Which." }) input: FailedJobsInput,
    @Ctx() ctx: RequestContext,
  ): Promise<FailedJobsPayload> {
    return changeFailedJobs(ctx, "discard", input.ids);
  }
}
