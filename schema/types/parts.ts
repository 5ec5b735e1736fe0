import { Field, Float, ObjectType } from "type-graphql";
import { CONTRIBUTORS } from "../../src/domain/contributors";
import type { CivilDay } from "../../src/domain/days";
import { AbsenceReason, HrvMethod, IssueCode } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime, LocalDate } from "../scalars";

const VOCABULARY = Object.entries(CONTRIBUTORS).map(([key, meaning]) => `- \`${key}\`: ${meaning}`);

/** A part of a score. */
@ObjectType({
  simpleResolvers: true,
  description: "A part of a score, 0 to 100: a score of its own, never a measurement.",
})
export class Contributor {
  @Field(() => String, {
    nullable: true,
    description: [
      "Name in the common vocabulary; null where it has no counterpart. The vocabulary:",
      ...VOCABULARY,
    ].join("\n"),
  })
  key!: string | null;

  @Field(() => String, { description: "The vendor's own name." })
  nativeKey!: string;

  @Field(() => Float, { nullable: true, description: "0 to 100, higher is better; null where the vendor gives none." })
  score!: number | null;
}

/** A heart rate variability with its method. */
@ObjectType({
  simpleResolvers: true,
  description: "A heart rate variability with the method that it was computed by.",
})
export class HrvValue {
  @Field(() => Float, { description: "In milliseconds." })
  milliseconds!: number;

  @Field(() => HrvMethod, { description: "How it was computed." })
  method!: string;
}

/** A run of absent days. */
@ObjectType({
  simpleResolvers: true,
  description: "A run of requested days without a record from a provider that was asked.",
})
export class Absence {
  @Field(() => LocalDate, { description: "First day of the run." })
  firstDay!: CivilDay;

  @Field(() => LocalDate, { description: "Last day of the run, inclusive." })
  lastDay!: CivilDay;

  @Field(() => Provider, { description: "Whose record is absent." })
  provider!: string;

  @Field(() => AbsenceReason, { description: "Why. ERROR always has a matching issue." })
  reason!: string;
}

/** A provider's failure as part of an answer. */
@ObjectType({
  simpleResolvers: true,
  description: "What went wrong at a provider while answering; the rest of the answer stands.",
})
export class SourceIssue {
  @Field(() => Provider, { description: "Where it went wrong." })
  provider!: string;

  @Field(() => IssueCode, { description: "What went wrong." })
  code!: string;

  @Field(() => String, { description: "For developers, in English; never quotes a payload." })
  message!: string;

  @Field(() => DateTime, { nullable: true, description: "When asking again makes sense; null where it is not known." })
  retryAt!: number | null;
}
