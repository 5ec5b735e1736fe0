import { ClientProcess } from "./client-process";
import type { Pin } from "./machine";

/** One request: whose (the bearer token) and what (the body). */
export interface Ask {
  readonly token: string;
  readonly body: string;
}

/** What the client is to do: ask one after the other over so many connections until the time is up, or each once. */
export interface Load {
  /** `http://host:port/path` */
  readonly url: string;
  readonly asks: readonly Ask[];
  readonly connections: number;
  /** Milliseconds; null: every ask once. */
  readonly forMs: number | null;
  /** The ask that it begins with, 0 by default; after the last one comes the first. */
  readonly from?: number;
  /** The most asks, by default as many as fit into the time, or as there are. */
  readonly most?: number;
  /** How many answers are kept whole for checking, spread over the run. */
  readonly samples?: number;
}

/** An answer that was kept: the index of its ask, and its body. */
export interface Sample {
  readonly ask: number;
  readonly body: string;
}

/** How a load went. Times in milliseconds. */
export interface LoadResult {
  readonly answers: number;
  /** Answers per second. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Bytes of an average body. */
  readonly bytes: number;
  /** Answers that were no 200, and requests that had none. */
  readonly failures: number;
  readonly firstFailure: string | null;
  /** Share of one core that the client itself took, 0 to 1; near 1 it is the client that was measured. */
  readonly clientCpu: number;
  readonly samples: readonly Sample[];
}

/** The client that puts loads on servers. */
export type LoadClient = ClientProcess<Load, LoadResult>;

/** Starts the client in a process of its own. */
export function loadClient(pin: Pin): LoadClient {
  return new ClientProcess("servers/client.ts", pin);
}
