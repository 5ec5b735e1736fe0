import type { EntityManager } from "typeorm";
import { AccountFenced } from "../../../domain/errors";
import { allOf, prepared } from "../../prepared";
import { type Answers, endpointsOf, placeOf } from "./answers";

const FENCE = {
  name: "commit: fence",
  text: `SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE' AND grant_number = $3 FOR SHARE`,
};
// In the order in which leases are taken, so that nobody who takes several waits for one who waits for them.
const HOLD_LEASES = {
  name: "commit: leases",
  text: `
SELECT FROM flights WHERE person_id = $1 AND account_id = $2 AND (endpoint, owner) IN (SELECT * FROM unnest($3::text[], $4::uuid[]))
ORDER BY endpoint FOR UPDATE`,
};

/** Throws {@link AccountFenced} where one of the answers may not be kept any more; holds the account and the leases until the transaction ends. */
export async function fence(tx: EntityManager, answers: Answers): Promise<void> {
  const place = placeOf(answers);
  const [account, leases] = await allOf([
    prepared(tx, FENCE, [...place, answers[0].grantNumber]),
    prepared(tx, HOLD_LEASES, [...place, endpointsOf(answers), answers.map(({ leaseOwner }) => leaseOwner)]),
  ]);
  if (account.length === 0) throw new AccountFenced("the account was unlinked, relinked or erased during the fetch");
  // Two answers of one endpoint have one lease: what the later is compared with would be read before the other is written.
  if (leases.length < answers.length) throw new AccountFenced("the lease on this endpoint was lost during the fetch");
}
