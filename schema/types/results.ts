import { type ClassType, Field, ObjectType } from "type-graphql";
import { Activity } from "./activity";
import { Hrv } from "./hrv";
import { Absence, SourceIssue } from "./parts";
import { Readiness } from "./readiness";
import { Sleep } from "./sleep";

function resultOf(name: string, record: ClassType): ClassType {
  @ObjectType(name, {
    simpleResolvers: true,
    description: `${record.name} over a range of days: what is there, what is absent and why, and what went wrong.`,
  })
  class DailyResult {
    @Field(() => [record], {
      description:
        "One record a day, ascending; always one of bySource, never a blend of two. A day without data is not among them.",
    })
    nodes!: object[];

    @Field(() => [record], {
      description: "Every provider's own record, at most one per day and provider, ascending by day, then provider.",
    })
    bySource!: object[];

    @Field(() => [Absence], {
      description:
        "Runs of requested days without a record from a provider that was asked (the linked accounts, or those in `providers`), and why.",
    })
    absences!: Absence[];

    @Field(() => [SourceIssue], { description: "What went wrong at a provider while answering; the rest stands." })
    issues!: SourceIssue[];
  }
  return DailyResult;
}

/** Answer of User.sleep. */
export const SleepResult = resultOf("SleepResult", Sleep);
/** Answer of User.readiness. */
export const ReadinessResult = resultOf("ReadinessResult", Readiness);
/** Answer of User.activity. */
export const ActivityResult = resultOf("ActivityResult", Activity);
/** Answer of User.hrv. */
export const HrvResult = resultOf("HrvResult", Hrv);
