import { Field, ID, InterfaceType } from "type-graphql";
import type { CivilDay } from "../../src/domain/days";
import type { TypedNode } from "../../src/loaders/context";
import { Completeness } from "../enums";
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
}
