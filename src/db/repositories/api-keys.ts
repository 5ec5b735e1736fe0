import type { KeyStore, StoredKey } from "../../services/ports/keys";
import type { Database } from "../database";

const seconds = (column: string) => `extract(epoch FROM ${column})::float8`;
const KEYS = `
SELECT id, name, prefix, scopes, ${seconds("created_at")} AS "createdAt", ${seconds("expires_at")} AS "expiresAt",
  ${seconds("last_used_at")} AS "lastUsedAt", ${seconds("revoked_at")} AS "revokedAt"
FROM api_keys WHERE application_id = current_application()`;
const ADD = `
INSERT INTO api_keys (application_id, name, prefix, hash, scopes, expires_at)
VALUES (current_application(), $1, $2, $3, $4, to_timestamp($5::float8))`;
const USED = `
UPDATE api_keys SET last_used_at = now()
WHERE application_id = current_application() AND id = $1 AND coalesce(last_used_at, '-infinity') < now() - interval '1 minute'`;
const REVOKE = `
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
WHERE application_id = current_application() AND prefix = $1 RETURNING id`;

/** Server keys in PostgreSQL. */
export function createKeyStore(database: Database): KeyStore {
  return {
    async add({ name, prefix, hash, scopes, expiresAt }) {
      await database.directory(ADD, [name, prefix, hash, scopes, expiresAt]);
    },
    list: () => database.directory<StoredKey>(`${KEYS} ORDER BY created_at, id`, []),
    async byHash(hash) {
      const [row] = await database.directory<StoredKey>(`${KEYS} AND hash = $1`, [hash]);
      return row ?? null;
    },
    async used(keyId) {
      await database.directory(USED, [keyId]);
    },
    async revoke(prefix) {
      // TypeORM answers rows and their number for an UPDATE.
      const [rows = []] = await database.directory<readonly unknown[]>(REVOKE, [prefix]);
      return rows.length > 0;
    },
  };
}
