import type { Metric } from "../../domain/metrics";

/** A hash of cells: one account's days of one metric. */
export interface CellsKey {
  readonly personId: string;
  readonly accountId: string;
  readonly metric: Metric;
}

/** Cells of some days, to be put into one hash. */
export interface CellEntries {
  readonly key: CellsKey;
  readonly cells: ReadonlyMap<string, string>;
}

/** A cache of cells by day, and of small values of a person. It may forget at any time and answers every failure as a miss. */
export interface Cache {
  /** The cells of some days, in their order; null where there is none. One round trip for all keys. */
  cells(
    wanted: readonly { key: CellsKey; days: readonly string[] }[],
  ): Promise<readonly (readonly (string | null)[])[]>;
  /** Puts cells by day. One round trip for all keys. */
  putCells(entries: readonly CellEntries[]): Promise<void>;
  value(personId: string, name: string): Promise<string | null>;
  putValue(personId: string, name: string, value: string, seconds: number): Promise<void>;
}

/** Tells every process that something happened; a lost ring only costs time. */
export interface Bell {
  ring(topic: string, message: string): void;
  /** Calls back for every ring of a topic, of this process too; returns how to stop. */
  listen(topic: string, heard: (message: string) => void): () => void;
}

/** Until when a provider must not be asked, by application or account; shared by all processes as far as they can reach each other. */
export interface Pauses {
  /** Epoch seconds until which to wait; null where there is no need. */
  until(keys: readonly string[]): Promise<number | null>;
  pause(key: string, untilEpochSeconds: number): Promise<void>;
}
