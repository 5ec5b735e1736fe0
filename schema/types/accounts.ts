import { Field, ObjectType } from "type-graphql";
import { AccountStatus, Metric } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime } from "../scalars";
import { Node } from "./node";

/** A person of the application; the daily fields are added by resolvers. */
@ObjectType({
  implements: Node,
  simpleResolvers: true,
  description: "A person of the application, and what their wearables know.",
})
export class User extends Node {
  @Field(() => String, { description: "The application's own id for this person (the token's subject)." })
  externalId!: string;
}

/** A person's account at a vendor. */
@ObjectType({
  implements: Node,
  simpleResolvers: true,
  description:
    "A person's account at a wearable's vendor, linked to this gateway; at most one per person and provider that is not disconnected.",
})
export class ProviderAccount extends Node {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => AccountStatus, { description: "State of the link." })
  status!: string;

  @Field(() => [String], { description: "What the person really granted, in the vendor's own words." })
  grantedScopes!: readonly string[];

  @Field(() => DateTime, { description: "When the account was linked." })
  connectedAt!: number;
}

/** A field that a provider can fill. */
@ObjectType({ simpleResolvers: true, description: "A field of a daily record that a provider can fill." })
export class ProviderField {
  @Field(() => Metric, { description: "The metric whose record has the field." })
  metric!: string;

  @Field(() => String, { description: "The field's name in this schema." })
  name!: string;
}

/** A person's order of providers for one metric. */
@ObjectType({ simpleResolvers: true, description: "A person's order of preference of the providers of one metric." })
export class SourcePreference {
  @Field(() => Metric, { description: "What it holds for." })
  metric!: string;

  @Field(() => [Provider], { description: "Providers, the most preferred first; any other comes after them." })
  order!: readonly string[];
}

/** What the gateway says of a wearable. */
@ObjectType({ simpleResolvers: true, description: "A wearable that this gateway can speak to." })
export class ProviderInfo {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => String, { description: "The vendor's name for people." })
  displayName!: string;

  @Field(() => Boolean, { description: "Whether this gateway has what it needs to link it." })
  configured!: boolean;

  @Field(() => [Metric], { description: "The fields of User that this provider can fill." })
  metrics!: readonly string[];

  @Field(() => [String], { description: "Every scope that the vendor knows, in its own words." })
  scopes!: readonly string[];

  @Field(() => [ProviderField], {
    description:
      "What this provider can fill, by metric: its row of the capability matrix. Any one record may have less.",
  })
  fields!: readonly ProviderField[];
}
