import { Extensions, FieldResolver, Resolver, Root } from "type-graphql";
import type { HrvDay, SleepSessionDay } from "../../src/domain/daily";
import type { HrvPoint, StageSpan } from "../../src/domain/records";
import { samplePoints, stageSpans } from "../../src/domain/series";
import { KEPT } from "../kept";
import { Hrv, HrvSample } from "../types/hrv";
import { SleepSession, SleepStageSpan } from "../types/sleep";

/** The samples of a day's heart rate variability, unpacked where they are asked for. */
@Resolver(() => Hrv)
export class SamplesResolver {
  @Extensions(KEPT)
  @FieldResolver(() => [HrvSample], { description: "By time; missing ones left out." })
  samples(@Root() { samples }: HrvDay): readonly HrvPoint[] {
    return samplePoints(samples);
  }
}

/** The hypnogram of a session, unpacked where it is asked for. */
@Resolver(() => SleepSession)
export class HypnogramResolver {
  @Extensions(KEPT)
  @FieldResolver(() => [SleepStageSpan], { description: "The hypnogram by time, adjacent equal stages joined." })
  stages(@Root() { stages }: SleepSessionDay): readonly StageSpan[] {
    return stageSpans(stages);
  }
}
