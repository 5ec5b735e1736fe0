import { expiredAccount, tokenParts } from "./token-parts";
import { Worker } from "./token-process";
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

/** Expires one account a round and has several processes with several callers each ask for its access token at the same moment. */
export async function refreshRounds(options: {
  readonly databaseUrl: string;
  readonly rounds: number;
  readonly processes: number;
  readonly callers: number;
  /** Milliseconds that the provider takes in a round. */
  readonly latencyMs: (round: number) => number;
  /** Processes that refresh as they come, without a lock and without a single flight. */
  readonly naive?: boolean;
}): Promise<RoundsResult> {
  const { databaseUrl, rounds, processes, callers, naive = false } = options;
  const server = await TokenServer.start();
  const parts = await tokenParts(databaseUrl, server.url);
  const workers = await Promise.all(
    Array.from({ length: processes }, () => Worker.start(databaseUrl, server.url, naive)),
  );
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
