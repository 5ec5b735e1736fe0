import type { EntityManager } from "typeorm";
import { AccountFenced } from "../../../domain/errors";
import type { Fetched } from "../../../services/ports/records";
import { allOf, prepared } from "../../prepared";

const FENCE = {
  name: "commit: fence",
  text: `SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE' AND grant_number = $3 FOR SHARE`,
};
const HOLD_LEASE = {
  name: "commit: lease",
  text: `SELECT FROM flights WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4 FOR UPDATE`,
};

/** Throws {@link AccountFenced} where an answer may not be kept any more; holds the account and the lease until the transaction ends. */
export async function fence(tx: EntityManager, fetched: Fetched): Promise<void> {
  const { personId, accountId, endpoint, grantNumber, leaseOwner } = fetched;
  const [account, lease] = await allOf([
    prepared(tx, FENCE, [personId, accountId, grantNumber]),
    prepared(tx, HOLD_LEASE, [personId, accountId, endpoint, leaseOwner]),
  ]);
  if (account.length === 0) throw new AccountFenced("the account was unlinked, relinked or erased during the fetch");
  if (lease.length === 0) throw new AccountFenced("the lease on this endpoint was lost during the fetch");
}
