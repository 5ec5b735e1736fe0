import { fork } from "node:child_process";
import { pinned } from "./child";
import type { Pin } from "./machine";
import { script } from "./world";

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

/** Runs the client in a process of its own. */
export class LoadClient {
  private readonly child;

  constructor(pin: Pin) {
    const { program, args } = script("servers/client.ts");
    const [command, all] = pinned(program, args, pin);
    const [file = "", ...rest] = all;
    this.child = fork(file, rest, { execPath: command, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  }

  /** Puts a load on a server. */
  run(load: Load): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the client ended with status ${code}`));
      this.child.once("exit", onExit);
      this.child.once("message", (result) => {
        this.child.off("exit", onExit);
        resolve(result as LoadResult);
      });
      this.child.send(load);
    });
  }

  /** Ends the process. */
  stop(): void {
    this.child.kill("SIGKILL");
  }
}
