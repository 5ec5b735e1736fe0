import { Field, Int, ObjectType } from "type-graphql";
import { UserErrorCode } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime } from "../scalars";
import { ProviderAccount, SourcePreference } from "./accounts";

/** Why a mutation did not do what was asked. */
@ObjectType({
  simpleResolvers: true,
  description: "Why a mutation did not do what was asked, for a reason that the person can act on.",
})
export class UserError {
  @Field(() => UserErrorCode, { description: "What to handle." })
  code!: string;

  @Field(() => String, { description: "For developers, in English." })
  message!: string;

  @Field(() => [String], { nullable: true, description: "Path to the input field at fault; null where it is none." })
  field!: readonly string[] | null;

  @Field(() => DateTime, { nullable: true, description: "When trying again makes sense; null where it is not known." })
  retryAt!: number | null;
}

const userErrors = { description: "Empty where it was done." };

/** Answer of connectProvider. */
@ObjectType({ simpleResolvers: true, description: "The start of a linking." })
export class ConnectProviderPayload {
  @Field(() => String, { nullable: true, description: "Where to send the person." })
  authorizationUrl!: string | null;

  @Field(() => String, { nullable: true, description: "The state in authorizationUrl, to match the way back with." })
  state!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When authorizationUrl stops working." })
  expiresAt!: number | null;

  @Field(() => [UserError], userErrors)
  userErrors!: UserError[];
}

/** Answer of completeConnection. */
@ObjectType({ simpleResolvers: true, description: "The end of a linking." })
export class CompleteConnectionPayload {
  @Field(() => ProviderAccount, { nullable: true, description: "The account as linked." })
  account!: object | null;

  @Field(() => [UserError], userErrors)
  userErrors!: UserError[];
}

/** Answer of disconnectProvider. */
@ObjectType({ simpleResolvers: true, description: "The end of a link." })
export class DisconnectProviderPayload {
  @Field(() => Provider, { description: "The vendor, as asked." })
  provider!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the vendor confirmed; false: it did not; null: it has no way to revoke, or nothing was done.",
  })
  revokedAtProvider!: boolean | null;

  @Field(() => Int, { nullable: true, description: "Records erased, counted; null where none were asked to be." })
  deletedRecords!: number | null;

  @Field(() => [UserError], userErrors)
  userErrors!: UserError[];
}

/** Answer of syncProvider. */
@ObjectType({ simpleResolvers: true, description: "The end of a sync." })
export class SyncProviderPayload {
  @Field(() => ProviderAccount, { nullable: true, description: "The account that was asked." })
  account!: object | null;

  @Field(() => Int, {
    nullable: true,
    description: "Records that the provider gave, counted; where a part of it failed, those of the others.",
  })
  fetchedRecords!: number | null;

  @Field(() => [UserError], userErrors)
  userErrors!: UserError[];
}

/** Answer of setSourcePreference. */
@ObjectType({ simpleResolvers: true, description: "The end of setting a preference." })
export class SetSourcePreferencePayload {
  @Field(() => SourcePreference, { nullable: true, description: "The preference as kept; null where it was removed." })
  preference!: SourcePreference | null;

  @Field(() => [UserError], userErrors)
  userErrors!: UserError[];
}
