import { createInterface } from "node:readline";
import { naiveTokens, tokenParts } from "./token-parts";

/**
 * One process of the gateway for token tests: `token-worker.ts <database> <token endpoint> [naive]`. Each line of standard input is
 * `<person> <account> <callers>`; the answer is a line of JSON with what the callers got. Prints `ready` first.
 */
async function main(): Promise<void> {
  const [databaseUrl = "", tokenUrl = "", kind] = process.argv.slice(2);
  const parts = await tokenParts(databaseUrl, tokenUrl);
  const tokens = kind === "naive" ? naiveTokens(parts) : parts.tokens;
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const [personId = "", accountId = "", callers = "1"] = line.split(" ");
    const calls = Array.from({ length: Number(callers) }, () =>
      tokens.accessToken(personId, accountId).then(
        (token) => token.value,
        (error: unknown) => (error instanceof Error ? error.name : "error"),
      ),
    );
    process.stdout.write(`${JSON.stringify(await Promise.all(calls))}\n`);
  }
  await parts.close();
}

void main();
