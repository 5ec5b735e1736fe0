import { join } from "node:path";
import type { Config } from "./config";
import { blame, DATABASE_PROBLEMS } from "./config/blame";
import { Database } from "./db/database";
import { startEmbeddedPostgres } from "./db/embedded";
import { bypassesRowSecurity, migrate } from "./db/migrate";
import { SettingError } from "./domain/errors";

/** Who hears, in one line each, of what a person who started the program should know. */
export interface Listener {
  info(line: string): void;
  warn(line: string): void;
}

/** Takes what must be undone at the end, last things first. */
export interface Undoing {
  add(step: () => unknown): void;
}

/**
 * Connects the database of the settings, migrated: the given one, or the embedded one, which is started or attached to.
 * Throws {@link SettingError} where it cannot be reached or its role would not protect persons from each other.
 */
export async function openDatabase(config: Config, listener: Listener, closing: Undoing): Promise<Database> {
  let { url } = config.database;
  if (url === null) {
    const dataDirectory = join(config.dataDirectory, "postgres");
    const embedded = await startEmbeddedPostgres({ dataDirectory, log: (line) => listener.info(line) });
    closing.add(() => embedded.stop());
    url = embedded.url;
  }
  const database = await Database.connect(url, config.database.pools).catch(blame("DATABASE_URL", DATABASE_PROBLEMS));
  closing.add(() => database.close());
  if (await bypassesRowSecurity(database)) {
    if (config.auth.kind !== "demo") {
      throw new SettingError(
        "DATABASE_URL",
        "its role is a superuser or has BYPASSRLS: row-level security would protect nobody",
      );
    }
    listener.warn("the database role bypasses row-level security: tolerated under the demo identity only");
  }
  // Only now: what a role that is refused had made would belong to it.
  await migrate(url);
  return database;
}
