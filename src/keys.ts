import { parseArgs } from "node:util";
import { providers } from "../providers/registry";
import { loadConfig } from "./config";
import { createKeyStore } from "./db/repositories/api-keys";
import { KEY_SCOPES, type KeyScope } from "./domain/callers";
import { SettingError } from "./domain/errors";
import { createLogger } from "./logging";
import { openDatabase } from "./open-database";
import { mintKey } from "./services/keys";
import type { KeyStore, StoredKey } from "./services/ports/keys";

const USAGE = `Keys of back ends that may act for any person of the application.

  npm run keys -- create --name <name> [--scopes read,write,admin] [--expires-in-days <days>]
  npm run keys -- list
  npm run keys -- revoke <prefix>

A key is shown once, when it is created; by default it may read and does not expire. read and write are about persons, admin is about
the gateway itself: jobs that failed, and what it has subscribed to.`;

const DAY_SECONDS = 86_400;

/** A command line that is not understood; the message says what was expected. */
class UsageError extends Error {}

interface Command {
  readonly run: (store: KeyStore) => Promise<string>;
}

function scopesOf(text: string): readonly KeyScope[] {
  const asked = text.split(",").map((name) => name.trim());
  const known = KEY_SCOPES.filter((scope) => asked.includes(scope));
  if (known.length === new Set(asked).size) return known;
  throw new UsageError(`--scopes: expected some of ${KEY_SCOPES.join(",")}`);
}

function expiryOf(days: string | undefined): number | null {
  if (days === undefined) return null;
  if (/^[1-9]\d{0,3}$/.test(days)) return Math.floor(Date.now() / 1_000) + Number(days) * DAY_SECONDS;
  throw new UsageError("--expires-in-days: expected a whole number of days from 1 to 9999");
}

function parseCommand(args: readonly string[]): Command {
  const options = {
    name: { type: "string" },
    scopes: { type: "string" },
    "expires-in-days": { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [command, prefix, ...rest] = positionals;
  const bare = Object.keys(values).length === 0 && rest.length === 0;
  if (command === "create" && prefix === undefined) {
    const { name = "" } = values;
    if (!/^[^\p{Cc}]{1,100}$/u.test(name)) throw new UsageError("--name: expected 1 to 100 characters");
    const [scopes, expiresAt] = [scopesOf(values.scopes ?? "read"), expiryOf(values["expires-in-days"])];
    return { run: (store) => create(store, { name, scopes, expiresAt }) };
  }
  if (command === "list" && prefix === undefined && bare) return { run: list };
  if (command === "revoke" && prefix !== undefined && bare) return { run: (store) => revoke(store, prefix) };
  throw new UsageError(USAGE);
}

async function create(store: KeyStore, asked: Pick<StoredKey, "name" | "scopes" | "expiresAt">): Promise<string> {
  const { key, prefix, hash } = mintKey();
  await store.add({ ...asked, prefix, hash });
  return key;
}

async function list(store: KeyStore): Promise<string> {
  const time = (at: number | null) => (at === null ? "-" : new Date(at * 1_000).toISOString().slice(0, 19).concat("Z"));
  const titles = ["PREFIX", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED", "NAME"];
  const rows = (await store.list()).map((key) => {
    const times = [key.createdAt, key.expiresAt, key.lastUsedAt, key.revokedAt].map(time);
    return [key.prefix, key.scopes.join(","), ...times, key.name];
  });
  const table = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function revoke(store: KeyStore, prefix: string): Promise<string> {
  if (await store.revoke(prefix)) return `revoked: within a minute ${prefix} is refused everywhere`;
  throw new UsageError("revoke: there is no key of this prefix; npm run keys -- list shows them");
}

async function main(args: readonly string[]): Promise<void> {
  const { run } = parseCommand(args);
  const config = loadConfig(providers.map((provider) => provider.slug));
  const steps: (() => unknown)[] = [];
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const closing = { add: (step: () => unknown) => steps.unshift(step) };
    const database = await openDatabase(config, { info: say, warn: say }, closing);
    process.stdout.write(`${await run(createKeyStore(database))}\n`);
  } finally {
    for (const step of steps) await step();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const misused = error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  const told = error instanceof UsageError || error instanceof SettingError || misused;
  if (told) process.stderr.write(`${error.message}\n`);
  else createLogger({ level: "info" }).fatal({ err: error }, "the command failed");
  process.exitCode = 1;
});
