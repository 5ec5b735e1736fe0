import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SettingError } from "../domain/errors";
import type { EncryptionKey } from "./keys";

const FILE = "encryption-key";
const KEY_BYTES = 32;

/** The key that the demo seals with where none is set: made once, kept in the data directory for its owner alone (0600). */
export async function demoKey(dataDirectory: string): Promise<EncryptionKey> {
  await mkdir(dataDirectory, { recursive: true });
  const file = join(dataDirectory, FILE);
  const made = randomBytes(KEY_BYTES);
  try {
    // Fails where the file is there: of two first starts one makes the key, and both read it.
    await writeFile(file, made.toString("base64"), { mode: 0o600, flag: "wx" });
    return { id: "demo", key: made };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const key = Buffer.from(await readFile(file, "utf8"), "base64");
  if (key.length !== KEY_BYTES)
    throw new SettingError("ENCRYPTION_KEYS", `is not set, and ${FILE} in the data directory is damaged`);
  return { id: "demo", key };
}
