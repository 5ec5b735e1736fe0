import { Field, ObjectType } from "type-graphql";

/** Where a page of a list ends. */
@ObjectType({ simpleResolvers: true, description: "Where a page of a list ends." })
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there is more behind it." })
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "What to pass as `after` for the next page; null for an empty one.",
  })
  endCursor!: string | null;
}
