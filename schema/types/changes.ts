import { Field, ObjectType } from "type-graphql";
import type { CivilDay } from "../../src/domain/days";
import { ChangeOrigin, ChangeType, Metric } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime, LocalDate } from "../scalars";

/** Where a page ends. */
@ObjectType({ simpleResolvers: true, description: "Where a page ends, and whether there are more behind it." })
export class PageInfo {
  @Field(() => String, { nullable: true, description: "Give it as `after` for what comes after this page." })
  endCursor!: string | null;

  @Field(() => Boolean, { description: "Whether there is more behind this page now." })
  hasNextPage!: boolean;
}

/** One entry of the change feed; `record` is added by a resolver. */
@ObjectType({
  simpleResolvers: true,
  description:
    "What became of a day of one metric at one provider, or, without metric and day, of all that a provider had.",
})
export class Change {
  @Field(() => String, {
    description: "Give it as `after` for what came after this entry; opaque, of this person alone.",
  })
  cursor!: string;

  @Field(() => DateTime, { description: "When the gateway wrote it down." })
  at!: number;

  @Field(() => Metric, { nullable: true, description: "Null: all metrics; their data of this provider were erased." })
  metric!: string | null;

  @Field(() => Provider, { description: "Whose record it is about." })
  provider!: string;

  @Field(() => LocalDate, { nullable: true, description: "The record's civil day; null where metric is: all days." })
  day!: CivilDay | null;

  @Field(() => ChangeType, { description: "What became of it." })
  type!: string;

  @Field(() => ChangeOrigin, { description: "Why the gateway looked." })
  origin!: string;
}

/** A page of the change feed. */
@ObjectType({ simpleResolvers: true, description: "A page of the change feed, the oldest entry first." })
export class ChangeConnection {
  @Field(() => [Change], { description: "Entries in their order." })
  nodes!: readonly object[];

  @Field(() => PageInfo, { description: "Where the page ends; keep endCursor, also of an empty page." })
  pageInfo!: PageInfo;

  @Field(() => String, {
    description:
      "Leads to what comes after everything there is now. To begin without history: take it with `first: 1`, then read the days, then follow from it.",
  })
  latestCursor!: string;
}
