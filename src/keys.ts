import { parseArgs } from "node:util";
import { type Command, columns, runCommand, timeText, UsageError } from "./command-line";
import { createKeyStore } from "./db/repositories/api-keys";
import { KEY_SCOPES, type KeyScope } from "./domain/callers";
import { mintKey } from "./services/keys";
import type { KeyStore, StoredKey } from "./services/ports/keys";

const USAGE = `Keys of back ends that may act for any person of the application.

  npm run keys -- create --name <name> [--scopes read,write,admin] [--expires-in-days <days>]
  npm run keys -- list
  npm run keys -- revoke <prefix>

A key is shown once, when it is created; by default it may read and does not expire. read and write are about persons, admin is about
the gateway itself: jobs that failed, and what it has subscribed to.`;

const DAY_SECONDS = 86_400;

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
    return ({ database }) => create(createKeyStore(database), { name, scopes, expiresAt });
  }
  if (command === "list" && prefix === undefined && bare) return ({ database }) => list(createKeyStore(database));
  if (command === "revoke" && prefix !== undefined && bare)
    return ({ database }) => revoke(createKeyStore(database), prefix);
  throw new UsageError(USAGE);
}

async function create(store: KeyStore, asked: Pick<StoredKey, "name" | "scopes" | "expiresAt">): Promise<string> {
  const { key, prefix, hash } = mintKey();
  await store.add({ ...asked, prefix, hash });
  return key;
}

async function list(store: KeyStore): Promise<string> {
  const titles = ["PREFIX", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED", "NAME"];
  const rows = (await store.list()).map((key) => {
    const times = [key.createdAt, key.expiresAt, key.lastUsedAt, key.revokedAt].map(timeText);
    return [key.prefix, key.scopes.join(","), ...times, key.name];
  });
  return columns([titles, ...rows]);
}

async function revoke(store: KeyStore, prefix: string): Promise<string> {
  if (await store.revoke(prefix)) return `revoked: within a minute ${prefix} is refused everywhere`;
  throw new UsageError("revoke: there is no key of this prefix; npm run keys -- list shows them");
}

runCommand(parseCommand);
