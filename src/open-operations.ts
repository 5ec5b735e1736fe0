import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { GraphQLSchema } from "graphql";
import type { Config } from "./config";
import { blame } from "./config/blame";
import { SettingError } from "./domain/errors";
import { OperationRefused, validDocument } from "./http/operation";
import { documentHash, PersistedOperations } from "./http/persisted";

const SETTING = "PERSISTED_OPERATIONS";
const DOCUMENT_FILE = /\.(?:graphql|gql)$/;
const PROBLEMS = {
  ENOENT: "there is no such file or folder",
  EACCES: "this user may not read it",
};

/** A document to register. `name`: what it is called to whoever has to correct it. */
interface Registered {
  readonly name: string;
  readonly hash: string;
  readonly text: string;
}

/** Reads the registered operations of the settings; throws {@link SettingError} for one that does not fit the schema or its own hash. */
export async function readPersistedOperations(
  { path, only }: Config["persisted"],
  schema: GraphQLSchema,
): Promise<PersistedOperations | null> {
  if (path === null) return null;
  const registered = await read(path).catch(blame(SETTING, PROBLEMS));
  if (registered.length === 0) throw new SettingError(SETTING, "holds no operation");
  for (const one of registered) check(one, schema);
  return new PersistedOperations(new Map(registered.map(({ hash, text }) => [hash, text])), only);
}

async function read(path: string): Promise<readonly Registered[]> {
  if ((await stat(path)).isDirectory()) return readFolder(path);
  return readManifest(await readFile(path, "utf8"));
}

/** Files of one document each. Editors end files with a line break that clients do not send, so the bare text is registered too. */
async function readFolder(path: string): Promise<readonly Registered[]> {
  const names = (await readdir(path, { recursive: true })).filter((name) => DOCUMENT_FILE.test(name)).sort();
  const found = names.map(async (name) => {
    const text = await readFile(join(path, name), "utf8");
    return [...new Set([text, text.trim()])].map((one) => ({ name, hash: documentHash(one), text: one }));
  });
  return (await Promise.all(found)).flat();
}

/** An object from hashes to documents, or Apollo's manifest. @see https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format */
function readManifest(text: string): readonly Registered[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SettingError(SETTING, "is not valid JSON");
  }
  const operations = value instanceof Object ? Reflect.get(value, "operations") : undefined;
  const entries = Array.isArray(operations)
    ? operations.map((one: { readonly id?: unknown; readonly body?: unknown }) => [String(one?.id), one?.body] as const)
    : value instanceof Object && !Array.isArray(value)
      ? Object.entries(value)
      : null;
  if (!entries) throw new SettingError(SETTING, "is no object from SHA-256 to document");
  return entries.map(([hash, document]) => {
    if (typeof document !== "string") throw new SettingError(SETTING, `${hash} has no document`);
    return { name: hash, hash, text: document };
  });
}

function check({ name, hash, text }: Registered, schema: GraphQLSchema): void {
  if (hash !== documentHash(text)) {
    throw new SettingError(SETTING, `${name} is not the SHA-256 of its document, which is ${documentHash(text)}`);
  }
  try {
    validDocument(schema, text);
  } catch (error) {
    if (!(error instanceof OperationRefused)) throw error;
    throw new SettingError(SETTING, `${name}: ${error.errors[0]?.message ?? "is refused"}`);
  }
}
