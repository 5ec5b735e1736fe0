import { epochSeconds } from "../instants";
import { ascending, inTurn, type Order, reversed } from "../order";
import type { KeptRecord, RecordKind, StoredRecord } from "../records";

/** A kept record of one kind. */
export type Kept<K extends RecordKind> = KeptRecord & { readonly record: Extract<StoredRecord, { kind: K }> };

const NEWEST_FIRST = inTurn<KeptRecord>(
  reversed(ascending((kept) => kept.receivedAt)),
  reversed(ascending(({ record }) => (record.at === undefined ? 0 : epochSeconds(record.at)))),
  reversed(ascending((kept) => kept.record.key)),
  ascending((kept) => kept.endpoint),
);

/** The records of one kind, in the order given. */
export function ofKind<K extends RecordKind>(records: readonly KeptRecord[], kind: K): Kept<K>[] {
  return records.filter((kept) => isOfKind(kept, kind));
}

/**
 * The record of a kind that comes first in an order, among those that fit; undefined where there is none. Without a list on the way:
 * every day that is read passes here several times.
 */
export function firstOf<K extends RecordKind>(
  records: readonly KeptRecord[],
  kind: K,
  order: Order<Kept<K>>,
  fits: (kept: Kept<K>) => boolean = () => true,
): Kept<K> | undefined {
  let first: Kept<K> | undefined;
  for (const kept of records) {
    if (!isOfKind(kept, kind) || !fits(kept)) continue;
    if (first === undefined || order(kept, first) < 0) first = kept;
  }
  return first;
}

function isOfKind<K extends RecordKind>(kept: KeptRecord, kind: K): kept is Kept<K> {
  return kept.record.kind === kind;
}

/** The record that speaks for a day where several could: the latest received, then the latest of the wearer's, then the greatest key. */
export function newestOf<K extends RecordKind>(
  records: readonly KeptRecord[],
  kind: K,
  fits?: (kept: Kept<K>) => boolean,
): Kept<K> | undefined {
  return firstOf(records, kind, NEWEST_FIRST, fits);
}

/** Epoch seconds at which the latest of some records was received. */
export function fetchedAtOf(first: KeptRecord, others: readonly KeptRecord[]): number {
  return others.reduce((latest, kept) => Math.max(latest, kept.receivedAt), first.receivedAt);
}
