import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { expiredAccount, tokenParts } from "./token-parts";
import { TokenServer } from "./token-server";

/** What the rounds came to. */
export interface RoundsResult {
  readonly rounds: number;
  /** Exchanges that reached the provider, for each round. */
  readonly callsPerExpiry: readonly number[];
  readonly lostAccounts: number;
  /** Callers that got the new access token, and callers that were told to come again. */
  readonly served: number;
  readonly toldToWait: number;
}

/** A worker process and the lines that it prints. */
class Worker {
  private readonly lines: Interface;
  private constructor(readonly process: ChildProcessWithoutNullStreams) {
    this.lines = createInterface({ input: process.stdout });
  }

  static async start(databaseUrl: string, tokenUrl: string): Promise<Worker> {
    const script = join(__dirname, "token-worker.ts");
    const worker = new Worker(
      spawn(process.execPath, ["--import", "tsx", script, databaseUrl, tokenUrl], { stdio: "pipe" }),
    );
    worker.process.stderr.pipe(process.stderr);
    await once(worker.lines, "line");
    return worker;
  }

  async ask(line: string): Promise<string[]> {
    const answer = once(this.lines, "line");
    this.process.stdin.write(`${line}\n`);
    return JSON.parse((await answer)[0]);
  }

  async stop(): Promise<void> {
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}

/** Expires one account a round and has several processes with several callers each ask for its access token at the same moment. */
export async function refreshRounds(options: {
  readonly databaseUrl: string;
  readonly rounds: number;
  readonly processes: number;
  readonly callers: number;
  /** Milliseconds that the provider takes in a round. */
  readonly latencyMs: (round: number) => number;
}): Promise<RoundsResult> {
  const { databaseUrl, rounds, processes, callers } = options;
  const server = await TokenServer.start();
  const parts = await tokenParts(databaseUrl, server.url);
  const workers = await Promise.all(Array.from({ length: processes }, () => Worker.start(databaseUrl, server.url)));
  const callsPerExpiry: number[] = [];
  let [served, toldToWait, lostAccounts] = [0, 0, 0];
  try {
    for (let round = 0; round < rounds; round++) {
      server.latencyMs = options.latencyMs(round);
      const { personId, accountId } = await expiredAccount(parts, `round-${round}-${Date.now()}`, (id) =>
        server.issue(id),
      );
      const answers = await Promise.all(workers.map((worker) => worker.ask(`${personId} ${accountId} ${callers}`)));
      // Whoever was told to wait comes again; by then the exchange has ended.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, server.latencyMs - 2_000)));
      const after = await parts.tokens.accessToken(personId, accountId).then(
        (token) => token.value.startsWith("access-"),
        () => false,
      );
      const values = answers.flat();
      served += values.filter((value) => value.startsWith("access-")).length;
      toldToWait += values.filter((value) => !value.startsWith("access-")).length;
      if (!after || server.killed.has(accountId)) lostAccounts += 1;
      callsPerExpiry.push(server.calls.get(accountId) ?? 0);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await parts.close();
    await server.stop();
  }
  return { rounds, callsPerExpiry, lostAccounts, served, toldToWait };
}
