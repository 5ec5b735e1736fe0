import type { KeptRecord } from "../../src/domain/records";
import type { Snapshot } from "../../src/services/ports/records";

/** All records that a snapshot has of an account, of whatever endpoint and day. */
export function recordsIn({ records }: Snapshot, accountId: string): readonly KeptRecord[] {
  return [...(records.get(accountId)?.values() ?? [])].flatMap((byDay) => [...byDay.values()].flat());
}
