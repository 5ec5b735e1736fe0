import { Extensions, Field, Float, ObjectType } from "type-graphql";
import { LASTING } from "../kept";
import { DailyRecord, Node } from "./node";
import { HrvValue } from "./parts";

/** A day's readiness at one provider. */
@Extensions(LASTING)
@ObjectType({
  implements: [Node, DailyRecord],
  simpleResolvers: true,
  description: "The vendor's judgement of how ready a person is for a day.",
})
export class Readiness extends DailyRecord {
  @Field(() => Float, {
    nullable: true,
    description:
      "The vendor's own score, 0 to 100, higher is better; null where its scale is another. Not comparable between providers.",
  })
  score!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Deviation of the body temperature from the person's own baseline, in degrees Celsius; never an absolute temperature.",
  })
  temperatureDeviationCelsius!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Deviation of the temperature's trend from the person's own baseline, in degrees Celsius.",
  })
  temperatureTrendDeviationCelsius!: number | null;
  @Field(() => Float, { nullable: true, description: "Resting heart rate of the night, in beats per minute." })
  restingHeartRateBpm!: number | null;

  @Field(() => HrvValue, { nullable: true, description: "The night's heart rate variability that was judged by." })
  hrv!: HrvValue | null;

  @Field(() => Float, {
    nullable: true,
    description: "Oxygen saturation of the blood in the night, in percent (0 to 100).",
  })
  spo2Percent!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Absolute temperature of the skin in the night, in degrees Celsius; never a deviation.",
  })
  skinTemperatureCelsius!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "How the autonomic nervous system calmed down in the night against the person's usual, without unit, -10 to 10; 0 is usual, higher is better. No score.",
  })
  ansCharge!: number | null;
}
