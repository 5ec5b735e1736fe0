import { Extensions, Field, Float, ID, Int, ObjectType } from "type-graphql";
import type { SleepSessionDay } from "../../src/domain/daily";
import type { Instant } from "../../src/domain/instants";
import { SleepSessionType, SleepStage } from "../enums";
import { LASTING } from "../kept";
import { DateTime } from "../scalars";
import { DailyRecord, Node } from "./node";
import { HrvValue } from "./parts";

/** One stretch of a hypnogram. */
@ObjectType({ simpleResolvers: true, description: "One stretch of a hypnogram in one stage." })
export class SleepStageSpan {
  @Field(() => SleepStage, { description: "The stage." })
  stage!: string;

  @Field(() => DateTime, { description: "When it begins." })
  start!: Instant;

  @Field(() => DateTime, { description: "When it ends." })
  end!: Instant;
}

/** A stretch of sleep that counts for its day. */
@ObjectType({
  implements: Node,
  simpleResolvers: true,
  description:
    "A stretch of sleep that counts for its day. Null where the provider does not say, never 0 in its place.",
})
export class SleepSession extends Node implements Omit<SleepSessionDay, "stages"> {
  @Field(() => ID, { description: "Opaque; made of person, provider, day and start." })
  override id!: string;

  @Field(() => SleepSessionType, { description: "Its place in the day." })
  sessionType!: SleepSessionDay["sessionType"];

  @Field(() => DateTime, { description: "When the person went to bed." })
  start!: Instant;

  @Field(() => DateTime, { nullable: true, description: "When the person got up; null while it lasts." })
  end!: Instant | null;

  @Field(() => Int, { nullable: true, description: "Time in bed, in seconds." })
  inBedSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time asleep, in seconds." })
  asleepSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time awake in bed, in seconds." })
  awakeSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Light sleep, in seconds." })
  lightSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Deep sleep, in seconds." })
  deepSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "REM sleep, in seconds." })
  remSeconds!: number | null;
}

/** A day's sleep at one provider. */
@Extensions(LASTING)
@ObjectType({
  implements: [Node, DailyRecord],
  simpleResolvers: true,
  description:
    "A day's sleep: a day is here if the provider has a daily score or a session that counts for it. From bedtimeStart to breathsPerMinute: of the main session; null where there is none or the provider does not say, never 0 in its place.",
})
export class Sleep extends DailyRecord {
  @Field(() => Float, {
    nullable: true,
    description:
      "The vendor's own score, 0 to 100, higher is better; null where its scale is another. Not comparable between providers.",
  })
  score!: number | null;

  @Field(() => DateTime, { nullable: true, description: "When the main session began." })
  bedtimeStart!: Instant | null;

  @Field(() => DateTime, { nullable: true, description: "When the main session ended; null while it lasts." })
  bedtimeEnd!: Instant | null;

  @Field(() => Int, { nullable: true, description: "Time in bed, in seconds." })
  inBedSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time asleep, in seconds." })
  asleepSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time awake in bed, in seconds." })
  awakeSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Light sleep, in seconds." })
  lightSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Deep sleep, in seconds." })
  deepSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "REM sleep, in seconds." })
  remSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "From going to bed to falling asleep, in seconds." })
  latencySeconds!: number | null;

  @Field(() => Float, { nullable: true, description: "Time asleep of the time in bed, in percent (0 to 100)." })
  efficiencyPercent!: number | null;

  @Field(() => Float, { nullable: true, description: "Average heart rate, in beats per minute." })
  averageHeartRateBpm!: number | null;

  @Field(() => Float, { nullable: true, description: "Lowest heart rate, in beats per minute." })
  lowestHeartRateBpm!: number | null;

  @Field(() => HrvValue, { nullable: true, description: "The vendor's own average heart rate variability." })
  averageHrv!: HrvValue | null;

  @Field(() => Float, { nullable: true, description: "Average respiratory rate, in breaths per minute." })
  breathsPerMinute!: number | null;

  @Field(() => [SleepSession], {
    description: "Every session that counts, by start, however short; deleted sessions and mere rest do not count.",
  })
  sessions!: SleepSession[];
}
