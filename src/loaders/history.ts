import { GatewayError } from "../domain/errors";
import { decodeRunCursor, encodeRunCursor, type SyncRun } from "../domain/sync-runs";
import type { Account } from "../services/api";
import type { RequestContext } from "./context";

const MOST_RUNS = 200;

/** Runs as GraphQL shows them. */
export interface SyncRunList {
  readonly nodes: readonly SyncRun[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A page of an account's runs; BAD_USER_INPUT for a page size or cursor that is none. */
export async function loadSyncRuns(
  { services }: RequestContext,
  account: Account,
  { first, after }: { readonly first: number; readonly after?: string | null },
): Promise<SyncRunList> {
  if (first < 1 || first > MOST_RUNS) {
    throw new GatewayError("BAD_USER_INPUT", `first: expected a whole number from 1 to ${MOST_RUNS}`);
  }
  const cursor = after == null ? null : decodeRunCursor(after);
  if (after != null && cursor === null) {
    throw new GatewayError("BAD_USER_INPUT", "after: expected an endCursor that was answered before");
  }
  const page = await services.history.runs({ personId: account.personId, accountId: account.id, first, after: cursor });
  const endCursor = page.endCursor && encodeRunCursor(page.endCursor);
  return { nodes: page.nodes, pageInfo: { hasNextPage: page.hasNextPage, endCursor } };
}
