import { Extensions, Field, Float, ObjectType } from "type-graphql";
import type { Instant } from "../../src/domain/instants";
import { HrvMethod } from "../enums";
import { LASTING } from "../kept";
import { DateTime } from "../scalars";
import { DailyRecord, Node } from "./node";

/** One sample of heart rate variability. */
@ObjectType({ simpleResolvers: true, description: "One sample of heart rate variability." })
export class HrvSample {
  @Field(() => DateTime, { description: "When it was measured." })
  at!: Instant;

  @Field(() => Float, { description: "In milliseconds." })
  milliseconds!: number;
}

/** Heart rate variability of a day's main sleep at one provider. */
@Extensions(LASTING)
@ObjectType({
  implements: [Node, DailyRecord],
  simpleResolvers: true,
  description: "Heart rate variability of the main sleep of a day, by one method.",
})
export class Hrv extends DailyRecord {
  @Field(() => HrvMethod, { description: "How it was computed." })
  method!: string;

  @Field(() => Float, { nullable: true, description: "The vendor's own average, never computed, in milliseconds." })
  averageMilliseconds!: number | null;

  @Field(() => Float, { nullable: true, description: "Least of the samples, in milliseconds; null without samples." })
  minimumMilliseconds!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Greatest of the samples, in milliseconds; null without samples.",
  })
  maximumMilliseconds!: number | null;
}
