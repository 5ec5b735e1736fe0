import { Extensions, FieldResolver, Resolver, Root } from "type-graphql";
import type { HrvDay, SleepDay, SleepSessionDay } from "../../src/domain/daily";
import { contributorScores, samplePoints, stageSpans } from "../../src/domain/packing";
import type { ContributorScore, HrvPoint, StageSpan } from "../../src/domain/records";
import { OWN } from "../kept";
import { Activity } from "../types/activity";
import { Hrv, HrvSample } from "../types/hrv";
import { Contributor } from "../types/parts";
import { Readiness } from "../types/readiness";
import { Sleep, SleepSession, SleepStageSpan } from "../types/sleep";

/** The samples of a day's heart rate variability, unpacked where they are asked for. */
@Resolver(() => Hrv)
class SamplesResolver {
  @Extensions(OWN)
  @FieldResolver(() => [HrvSample], { description: "By time; missing ones left out." })
  samples(@Root() { samples }: HrvDay): readonly HrvPoint[] {
    return samplePoints(samples);
  }
}

/** The hypnogram of a session, unpacked where it is asked for. */
@Resolver(() => SleepSession)
class HypnogramResolver {
  @Extensions(OWN)
  @FieldResolver(() => [SleepStageSpan], { description: "The hypnogram by time, adjacent equal stages joined." })
  stages(@Root() { stages }: SleepSessionDay): readonly StageSpan[] {
    return stageSpans(stages);
  }
}

/** The contributors of a score of sleep, unpacked where they are asked for. */
@Resolver(() => Sleep)
class SleepContributorsResolver {
  @Extensions(OWN)
  @FieldResolver(() => [Contributor], { description: "The parts of the score." })
  contributors(@Root() { contributors }: Pick<SleepDay, "contributors">): readonly ContributorScore[] {
    return contributorScores(contributors);
  }
}

/** The contributors of a score of readiness, unpacked where they are asked for. */
@Resolver(() => Readiness)
class ReadinessContributorsResolver {
  @Extensions(OWN)
  @FieldResolver(() => [Contributor], { description: "The parts of the score." })
  contributors(@Root() { contributors }: Pick<SleepDay, "contributors">): readonly ContributorScore[] {
    return contributorScores(contributors);
  }
}

/** The contributors of a score of activity, unpacked where they are asked for. */
@Resolver(() => Activity)
class ActivityContributorsResolver {
  @Extensions(OWN)
  @FieldResolver(() => [Contributor], { description: "The parts of the score." })
  contributors(@Root() { contributors }: Pick<SleepDay, "contributors">): readonly ContributorScore[] {
    return contributorScores(contributors);
  }
}

/** The resolvers of fields that are kept as compact text. */
export const PACKED = [
  SamplesResolver,
  HypnogramResolver,
  SleepContributorsResolver,
  ReadinessContributorsResolver,
  ActivityContributorsResolver,
] as const;
