import type { Caller, Services } from "../services/api";
import { createLoaders, type Loaders } from "./person";
import { Validity } from "./validity";

/** Anything that `node(id:)` can answer; `__typename` chooses its GraphQL type. */
export interface TypedNode {
  readonly __typename: string;
}

/** What resolvers see of a request. */
export interface RequestContext {
  readonly caller: Caller;
  readonly services: Services;
  readonly loaders: Loaders;
  readonly requestId: string;
  readonly validity: Validity;
}

/** The context of a request that `caller` makes. */
export function createRequestContext(services: Services, caller: Caller, requestId: string): RequestContext {
  const validity = new Validity();
  return { caller, services, requestId, loaders: createLoaders(services, caller, validity), validity };
}
