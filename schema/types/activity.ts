import { Extensions, Field, Float, Int, ObjectType } from "type-graphql";
import { LASTING } from "../kept";
import { DailyRecord, Node } from "./node";

/** A day's activity at one provider. */
@Extensions(LASTING)
@ObjectType({
  implements: [Node, DailyRecord],
  simpleResolvers: true,
  description: "A day's activity. Null where the provider does not say, never 0 in its place.",
})
export class Activity extends DailyRecord {
  @Field(() => Float, {
    nullable: true,
    description:
      "The vendor's own score, 0 to 100, higher is better; null where its scale is another. Not comparable between providers.",
  })
  score!: number | null;

  @Field(() => Int, { nullable: true, description: "Steps, counted." })
  steps!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Ground covered, in metres; null where the provider only converts energy into a walk.",
  })
  distanceMeters!: number | null;

  @Field(() => Float, { nullable: true, description: "The walk that would take the same energy, in metres." })
  equivalentWalkingDistanceMeters!: number | null;

  @Field(() => Float, { nullable: true, description: "Energy spent by activity, in kilocalories." })
  activeEnergyKilocalories!: number | null;

  @Field(() => Float, { nullable: true, description: "Energy spent in all, in kilocalories." })
  totalEnergyKilocalories!: number | null;

  @Field(() => Int, { nullable: true, description: "Time of high activity, in seconds." })
  highActivitySeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time of medium activity, in seconds." })
  mediumActivitySeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time of low activity, in seconds." })
  lowActivitySeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Sedentary time, in seconds." })
  sedentarySeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time at rest, in seconds." })
  restingSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Time not worn, in seconds." })
  nonWearSeconds!: number | null;

  @Field(() => Int, { nullable: true, description: "Reminders to move, counted." })
  inactivityAlerts!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: "Cardiovascular load of the day, without unit, 0 to 21, higher is harder. No score.",
  })
  strain!: number | null;
}
