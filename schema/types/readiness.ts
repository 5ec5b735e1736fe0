import { Field, Float, ObjectType } from "type-graphql";
import { DailyRecord, Node } from "./node";
import { Contributor } from "./parts";

/** A day's readiness at one provider. */
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

  @Field(() => [Contributor], { description: "The parts of the score." })
  contributors!: Contributor[];

  @Field(() => Float, {
    nullable: true,
    description: "Deviation of the body temperature from the person's own baseline, in degrees Celsius.",
  })
  temperatureDeviationCelsius!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Deviation of the temperature's trend from the person's own baseline, in degrees Celsius.",
  })
  temperatureTrendDeviationCelsius!: number | null;
}
