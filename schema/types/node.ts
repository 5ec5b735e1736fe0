import { Field, ID, InterfaceType, ObjectType } from "type-graphql";
import type { CivilDay } from "../../src/domain/days";
import type { TypedNode } from "../../src/loaders/context";
import { CandidateReason, Completeness, ResolutionPolicy } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime, LocalDate } from "../scalars";

const resolveType = (value: TypedNode): string => value.__typename;

/** What can be fetched again by its id. */
@InterfaceType({ description: "What can be fetched again by its id.", resolveType })
export abstract class Node {
  @Field(() => ID, { description: "Opaque; survives fetching again. Another person's id answers null." })
  id!: string;
}

/** What every daily record carries. */
@InterfaceType({ implements: Node, description: "What every daily record of one provider carries.", resolveType })
export abstract class DailyRecord extends Node {
  @Field(() => LocalDate, {
    description:
      "The provider's own civil day; only where it gives none, the wearer's local date at the end of the main sleep or interval.",
  })
  day!: CivilDay;

  @Field(() => Provider, { description: "Whose record this is." })
  provider!: string;

  @Field(() => DateTime, { description: "When this revision of the record was first received." })
  fetchedAt!: number;

  @Field(() => Completeness, { description: "How settled the record is." })
  completeness!: string;
  @Field(() => Resolution, {
    nullable: true,
    description:
      "How the day's record was chosen, the same on every record of the day; null where none was chosen, as in node(id:).",
  })
  resolution!: object | null;
}

/** A provider that was asked for a day. */
@ObjectType({ simpleResolvers: true, description: "A provider that was asked for a day." })
export class ResolutionCandidate {
  @Field(() => Provider, { description: "The provider." })
  provider!: string;

  @Field(() => DailyRecord, { nullable: true, description: "Its record, one of bySource; null where it has none." })
  record!: DailyRecord | null;

  @Field(() => CandidateReason, { description: "Why it was chosen, or was not." })
  reason!: string;
}

/** How a day's record was chosen. */
@ObjectType({ simpleResolvers: true, description: "How one provider's record was chosen for a day." })
export class Resolution {
  @Field(() => ResolutionPolicy, { description: "Whose wish decided." })
  policy!: string;

  @Field(() => ResolutionCandidate, { description: "The candidate whose record is in nodes." })
  winner!: ResolutionCandidate;

  @Field(() => [ResolutionCandidate], {
    description: "Every provider that was asked for the day, once, by name.",
    // A handful at most, and their records are those of bySource: they cost what is selected, not double.
    complexity: ({ childComplexity }) => 1 + childComplexity,
  })
  candidates!: readonly ResolutionCandidate[];
}
