import { randomBytes } from "node:crypto";
import { Database } from "../../src/db/database";
import { createVaults, KeyRing } from "../../src/db/vault";
import type { Vaults } from "../../src/services/ports/vault";
import { type FreshDatabase, migratedCopy } from "./services";

/** A database of one test file's own, migrated and connected as the gateway's role. */
export interface MigratedDatabase {
  readonly fresh: FreshDatabase;
  readonly database: Database;
  readonly ring: KeyRing;
  readonly vaults: Vaults;
  /** Adds a person and gives the id. */
  addPerson(externalId?: string): Promise<string>;
  close(): Promise<void>;
}

/** Pools of the sizes that the gateway uses by default. */
export const POOLS = { api: 10, reads: 4, refresh: 5, attempts: 1, worker: 4 } as const;

/** Creates, migrates and connects a database. */
export async function migratedDatabase(): Promise<MigratedDatabase> {
  const fresh = await migratedCopy();
  const database = await Database.connect(fresh.url, POOLS);
  const ring = new KeyRing([{ id: "test", key: randomBytes(32) }]);
  return {
    fresh,
    database,
    ring,
    vaults: createVaults(database, ring),
    async addPerson(externalId = `someone-${randomBytes(4).toString("hex")}`) {
      const [row] = await database.directory<{ id: string }>(
        "INSERT INTO people (application_id, external_id) VALUES (current_application(), $1) RETURNING id",
        [externalId],
      );
      return row!.id;
    },
    async close() {
      await database.close();
      await fresh.drop();
    },
  };
}
