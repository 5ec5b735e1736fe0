import { AccountFenced, ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import type { StoredGrant } from "../ports/grants";

/** The grant, if it can give tokens. Throws {@link AccountFenced} or {@link ReconnectRequired}. */
export function usableGrant(grant: StoredGrant | null): StoredGrant {
  if (!grant || grant.status === "DISCONNECTED") throw new AccountFenced("the account is not linked any more");
  if (grant.status === "RECONNECT_REQUIRED" || grant.refusedAt !== null) {
    throw new ReconnectRequired("the provider refuses the grant: the person must link again");
  }
  return grant;
}

/** The failure while a grant is not to be tried. */
export function coolingDown(retryAt: number | null): UpstreamFailure {
  return new UpstreamFailure("UNAVAILABLE", "the last refresh failed, the next is not due yet", {
    ...(retryAt === null ? {} : { retryAt }),
  });
}
