import { ArgsType, Field, ID, InputType, Int } from "type-graphql";
import type { CivilDay } from "../src/domain/days";
import type { Metric as MetricName } from "../src/domain/metrics";
import type { HrvMethod as HrvMethodName } from "../src/domain/records";
import { HrvMethod, Metric } from "./enums";
import { Provider } from "./provider-enum";
import { LocalDate } from "./scalars";

/** A range of days. */
@InputType({
  description:
    "A range of civil days, both ends inclusive, at most 366 days. Days to come are legal and answered as absences.",
})
export class DateRange {
  @Field(() => LocalDate, { description: "First day." })
  start!: CivilDay;

  @Field(() => LocalDate, { description: "Last day, inclusive; not before start." })
  end!: CivilDay;
}

/** What the input of every mutation has. */
@InputType()
export abstract class ActingInput {
  @Field(() => String, {
    nullable: true,
    description:
      "For whom to act, by the application's own id; created at first sight. Server keys must name it, persons' tokens may not.",
  })
  userExternalId?: string | null;
}

/** Input of connectProvider. */
@InputType({ description: "What to link, and where to come back to." })
export class ConnectProviderInput extends ActingInput {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => [String], {
    nullable: true,
    description: "The vendor's own scope names. Default: what the metrics need.",
  })
  scopes?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Where the person comes back to; exactly one of the allowed addresses. Default: a page of the gateway.",
  })
  returnUrl?: string | null;
}

/** Input of completeConnection. */
@InputType({ description: "The way back from the vendor." })
export class CompleteConnectionInput extends ActingInput {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => String, { description: "The whole address that the client was sent back to." })
  callbackUrl!: string;
}

/** Input of disconnectProvider. */
@InputType({ description: "What to unlink." })
export class DisconnectProviderInput extends ActingInput {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => Boolean, { defaultValue: false, description: "Whether to erase what was stored from it as well." })
  deleteData!: boolean;
}

/** Input of syncProvider. */
@InputType({ description: "What to fetch again." })
export class SyncProviderInput extends ActingInput {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => DateRange, { description: "The days to fetch again." })
  range!: DateRange;
}

/** Input of setSourcePreference. */
@InputType({ description: "Whose record shall speak for a day where several providers have one." })
export class SetSourcePreferenceInput extends ActingInput {
  @Field(() => Metric, { description: "What the order holds for." })
  metric!: MetricName;

  @Field(() => [Provider], {
    description:
      "Providers, the most preferred first, each at most once; any other comes after them. Empty: no preference any more.",
  })
  order!: string[];
}

/** Arguments of every daily field. */
@ArgsType()
export class DailyArgs {
  @Field(() => DateRange, { description: "The days asked for." })
  range!: DateRange;

  @Field(() => [Provider], {
    nullable: true,
    description: "Only these, in no order of preference; an empty list is invalid. Default: the linked accounts.",
  })
  providers?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Accept data checked with the provider at most so many seconds ago; 0 asks now. Default: the gateway's freshness policy.",
  })
  maxAgeSeconds?: number | null;

  @Field(() => [Provider], {
    nullable: true,
    description:
      "For this answer's nodes: providers, the most preferred first, each at most once; an empty list is invalid. Default: the person's preference, then the operator's, then coverage, wear and the order of the providers.",
  })
  prefer?: string[] | null;
}

/** Arguments of User.hrv. */
@ArgsType()
export class HrvArgs extends DailyArgs {
  @Field(() => HrvMethod, {
    defaultValue: "RMSSD",
    description: "One method per answer: they are different quantities.",
  })
  method!: HrvMethodName;
}

/** Input of retryFailedJobs and discardFailedJobs. */
@InputType({ description: "Failed jobs." })
export class FailedJobsInput {
  @Field(() => [ID], { description: "Their ids, at most 500." })
  ids!: string[];
}

/** Arguments of the change feed. */
@ArgsType()
export class ChangesArgs {
  @Field(() => String, {
    nullable: true,
    description: "What came after this cursor: of an entry or a page of this person's. Default: from the oldest kept.",
  })
  after?: string | null;

  @Field(() => Int, { defaultValue: 50, description: "At most so many entries: 1 to 200." })
  first!: number;

  @Field(() => [Metric], {
    nullable: true,
    description: "Only these; an empty list is invalid. May differ from page to page. Default: all.",
  })
  metrics?: MetricName[] | null;

  @Field(() => [Provider], {
    nullable: true,
    description: "Only these; an empty list is invalid. May differ from page to page. Default: all.",
  })
  providers?: string[] | null;
}

/** Whom a subscription follows. */
@ArgsType()
export class FollowProgressArgs {
  @Field(() => [Provider], { nullable: true, description: "Only these; an empty list is invalid. Default: all." })
  providers?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Whom to follow, by the application's own id. Server keys must name it, persons' tokens may not.",
  })
  userExternalId?: string | null;
}

/** Arguments of following the change feed. */
@ArgsType()
export class FollowChangesArgs extends FollowProgressArgs {
  @Field(() => String, {
    nullable: true,
    description: "Everything after this cursor first. Default: only what comes from now on.",
  })
  after?: string | null;

  @Field(() => [Metric], { nullable: true, description: "Only these; an empty list is invalid. Default: all." })
  metrics?: MetricName[] | null;
}
