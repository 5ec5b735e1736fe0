import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { programArguments } from "./program";

/** A worker process and the lines that it prints. */
export class Worker {
  private readonly lines: Interface;
  private constructor(readonly process: ChildProcessWithoutNullStreams) {
    this.lines = createInterface({ input: process.stdout });
  }

  /** Starts it and waits until it can be asked. */
  static async start(databaseUrl: string, tokenUrl: string, naive = false): Promise<Worker> {
    const script = programArguments("test/support/token-worker.ts");
    const worker = new Worker(
      spawn(process.execPath, [...script, databaseUrl, tokenUrl, naive ? "naive" : "locked"], {
        stdio: "pipe",
      }),
    );
    worker.process.stderr.pipe(process.stderr);
    await once(worker.lines, "line");
    return worker;
  }

  /** Has it ask `<person> <account> <callers>`; what its callers got. */
  async ask(line: string): Promise<string[]> {
    const answer = once(this.lines, "line");
    this.process.stdin.write(`${line}\n`);
    return JSON.parse((await answer)[0]);
  }

  /** Freezes it, lets it go on, or kills it. */
  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.process.kill(signal);
  }

  /** Lets it end what it does, and waits for its end. */
  async stop(): Promise<void> {
    if (this.process.signalCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}
