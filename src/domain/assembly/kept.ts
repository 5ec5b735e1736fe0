import { epochSeconds } from "../instants";
import { ascending, inTurn, reversed } from "../order";
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
  return records.filter((kept): kept is Kept<K> => kept.record.kind === kind);
}

/** The record that speaks for a day where several could: the latest received, then the latest of the wearer's, then the greatest key; undefined where there is none. */
export function newestOf<T extends KeptRecord>(records: readonly T[]): T | undefined {
  return [...records].sort(NEWEST_FIRST)[0];
}

/** Epoch seconds at which the latest of the records was received; at least one must be given. */
export function fetchedAtOf(first: KeptRecord, ...others: readonly KeptRecord[]): number {
  return others.reduce((latest, kept) => Math.max(latest, kept.receivedAt), first.receivedAt);
}
