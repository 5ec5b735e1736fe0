import { createInterface } from "node:readline";
import { tokenParts } from "./token-parts";

/**
 * One process of the gateway for token tests: `token-worker.ts <database> <token endpoint>`. Each line of standard input is
 * `<person> <account> <callers>`; the answer is a line of JSON with what the callers got. Prints `ready` first.
 */
async function main(): Promise<void> {
  const [databaseUrl = "", tokenUrl = ""] = process.argv.slice(2);
  const { tokens, close } = await tokenParts(databaseUrl, tokenUrl);
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
  await close();
}

void main();
