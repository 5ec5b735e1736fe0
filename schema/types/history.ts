import { Field, ID, Int, ObjectType } from "type-graphql";
import type { CivilDay } from "../../src/domain/days";
import { BackfillState, IssueCode, Metric, SyncTrigger } from "../enums";
import { DateTime, LocalDate } from "../scalars";
import { PageInfo } from "./changes";

/** How far the history of a metric is fetched. */
@ObjectType({ simpleResolvers: true, description: "How far the history of a metric is fetched after linking." })
export class MetricBackfill {
  @Field(() => Metric, { description: "The metric." })
  metric!: string;

  @Field(() => BackfillState, { description: "Whether it goes on, waits, or is over." })
  state!: string;

  @Field(() => Int, { description: "Days whose every part is known, counted; those that reads have fetched included." })
  daysDone!: number;

  @Field(() => Int, { description: "Days that are to be known, as far back as the provider answers." })
  daysTotal!: number;

  @Field(() => DateTime, { nullable: true, description: "When it goes on, where it waits; null where it does not." })
  retryAt!: number | null;
}

/** Days of a run. */
@ObjectType({ simpleResolvers: true, description: "A run of civil days, both ends inclusive." })
export class DaySpan {
  @Field(() => LocalDate, { description: "First day." })
  start!: CivilDay;

  @Field(() => LocalDate, { description: "Last day, inclusive." })
  end!: CivilDay;
}

/** What went wrong in a run. */
@ObjectType({ simpleResolvers: true, description: "What went wrong in a run, in the gateway's own words." })
export class SyncRunError {
  @Field(() => String, {
    nullable: true,
    description: "The provider's list that it concerns, by the gateway's name; null where all.",
  })
  endpoint!: string | null;

  @Field(() => IssueCode, { description: "What to handle." })
  code!: string;

  @Field(() => String, { description: "For developers, in English." })
  message!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the provider asked to come again; null where it did not.",
  })
  retryAt!: number | null;
}

/** One round of fetching for an account. */
@ObjectType({
  simpleResolvers: true,
  description:
    "One round of fetching for an account: a whole history, a night's second look, a notice of the vendor's, or a sync that was asked for. Reads on demand are none.",
})
export class SyncRun {
  @Field(() => ID, { description: "Opaque." })
  id!: string;

  @Field(() => SyncTrigger, { description: "Why it was made." })
  trigger!: string;

  @Field(() => DateTime, { description: "When it began." })
  startedAt!: number;

  @Field(() => DateTime, { nullable: true, description: "When it ended; null while it lasts." })
  finishedAt!: number | null;

  @Field(() => DaySpan, { description: "The days that it was about." })
  range!: DaySpan;

  @Field(() => Int, { description: "Records that were new, counted." })
  recordsCreated!: number;

  @Field(() => Int, { description: "Records that were there and are otherwise now, counted." })
  recordsUpdated!: number;

  @Field(() => Int, { description: "Records that are gone at the provider, counted." })
  recordsDeleted!: number;

  @Field(() => Int, { description: "Documents that could not be read and were set aside, counted." })
  documentsSetAside!: number;

  @Field(() => [SyncRunError], { description: "What went wrong at its end; empty where nothing did." })
  errors!: readonly SyncRunError[];
}

/** Runs of an account. */
@ObjectType({ simpleResolvers: true, description: "Runs of an account, the latest first; kept for 90 days." })
export class SyncRunList {
  @Field(() => [SyncRun], { description: "The runs." })
  nodes!: readonly SyncRun[];

  @Field(() => PageInfo, { description: "Where this page ends." })
  pageInfo!: PageInfo;
}
