import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { PersonVault, SealContext, Vaults } from "../services/ports/vault";
import type { Database } from "./database";
import { type NamedKey, openUnder, SealError, sealUnder } from "./vault-envelope";

export { type NamedKey, SealError } from "./vault-envelope";

const KEY_BYTES = 32;

/** Name of the data key inside a person's sealed values; another one when data keys come to be rotated. */
const DATA_KEY_ID = "person.1";

/** The longest that an opened data key stays in memory, in milliseconds: so soon does every process notice an erasure. */
const KEPT_MS = 60_000;

/** The keys of the deployment (ENCRYPTION_KEYS), newest first: the first wraps, all of them unwrap. */
export class KeyRing {
  /** The key under which data keys are wrapped from now on. */
  readonly current: NamedKey;
  private readonly byId: ReadonlyMap<string, Buffer>;

  /** Throws RangeError for no keys, keys that are not 32 bytes long, and names that are unfit or used twice. */
  constructor(keys: readonly NamedKey[]) {
    const [current] = keys;
    if (!current) throw new RangeError("expected at least one encryption key");
    for (const { id, key } of keys) {
      if (!/^[\w.-]{1,64}$/.test(id))
        throw new RangeError("expected key ids of 1 to 64 letters, digits, '.', '_', '-'");
      if (key.length !== KEY_BYTES) throw new RangeError(`expected ${KEY_BYTES} bytes for encryption key "${id}"`);
    }
    this.byId = new Map(keys.map(({ id, key }) => [id, key]));
    if (this.byId.size !== keys.length) throw new RangeError("expected every encryption key to have an id of its own");
    this.current = current;
  }

  /** Whether there is a key of this id. */
  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** Seals what belongs to no person under the current key; `belongs` says where it lies. */
  seal(belongs: readonly string[], plaintext: Buffer): Buffer {
    return sealUnder(this.current, belongs, plaintext);
  }

  /** Opens what {@link seal} sealed under any key of the ring. Throws {@link SealError}. */
  open(belongs: readonly string[], sealed: Buffer): Buffer {
    return openUnder((id) => this.byId.get(id), belongs, sealed);
  }

  /** Wraps a person's data key under the current key. */
  wrap(personId: string, dataKey: Buffer): Buffer {
    return this.seal(wrapping(personId), dataKey);
  }

  /** Unwraps a person's data key. Throws {@link SealError} where its wrapping key is no longer in the ring. */
  unwrap(personId: string, wrapped: Buffer): Buffer {
    return this.open(wrapping(personId), wrapped);
  }
}

/** A vault over one person's data key. */
export function personVault(personId: string, dataKey: Buffer): PersonVault {
  const belongs = (context: SealContext) => [context.table, context.column, context.row, personId, context.provider];
  const key = { id: DATA_KEY_ID, key: dataKey };
  return {
    seal: (context, plaintext) => sealUnder(key, belongs(context), plaintext),
    open: (context, sealed) => openUnder((id) => (id === DATA_KEY_ID ? dataKey : undefined), belongs(context), sealed),
  };
}

/**
 * Vaults over the data keys in `data_keys`, made at first need, kept opened for at most a minute, and wrapped anew when the
 * key ring has a newer key. Takes a connection of the API pool for a moment: ask before opening a transaction, never inside.
 */
export function createVaults(database: Database, ring: KeyRing): Vaults {
  const opened = new LRUCache<string, Promise<PersonVault>>({ max: 10_000, ttl: KEPT_MS });
  return {
    of(personId) {
      const known = opened.get(personId);
      if (known) return known;
      const opening = dataKeyOf(database, ring, personId).then((key) => personVault(personId, key));
      opened.set(personId, opening);
      opening.catch(() => opened.delete(personId));
      return opening;
    },
  };
}

async function dataKeyOf(database: Database, ring: KeyRing, personId: string): Promise<Buffer> {
  return database.person(personId, async (tx) => {
    const read = async (): Promise<{ wrapped_key: Buffer; wrapping_key_id: string } | undefined> =>
      (await tx.query("SELECT wrapped_key, wrapping_key_id FROM data_keys WHERE person_id = $1", [personId]))[0];
    let row = await read();
    if (!row) {
      await tx.query(
        `INSERT INTO data_keys (person_id, wrapping_key_id, wrapped_key) VALUES ($1, $2, $3)
         ON CONFLICT (person_id) DO NOTHING`,
        [personId, ring.current.id, ring.wrap(personId, randomBytes(KEY_BYTES))],
      );
      row = await read();
    }
    if (!row) throw new SealError("the person's data key is gone");
    const dataKey = ring.unwrap(personId, row.wrapped_key);
    if (row.wrapping_key_id !== ring.current.id) {
      await tx.query(
        `UPDATE data_keys SET wrapping_key_id = $3, wrapped_key = $4 WHERE person_id = $1 AND wrapping_key_id = $2`,
        [personId, row.wrapping_key_id, ring.current.id, ring.wrap(personId, dataKey)],
      );
    }
    return dataKey;
  });
}

function wrapping(personId: string): readonly string[] {
  return ["data_keys", "wrapped_key", personId, personId, ""];
}

/** Name of the key in the header of a sealed value. */
const SEALED_UNDER = (column: string) => `convert_from(substr(${column}, 3, get_byte(${column}, 1)), 'LATIN1')`;

/** Ids of the keys that data keys and secrets of webhooks are sealed under at present, over all persons and applications. */
export async function wrappingKeysInUse(database: Database): Promise<readonly string[]> {
  const rows: { id: string }[] = await database.jobs((tx) =>
    tx.query(`SELECT wrapping_key_id AS id FROM data_keys
      UNION SELECT ${SEALED_UNDER("sealed_secret")} FROM webhook_secrets ORDER BY 1`),
  );
  return rows.map((row) => row.id);
}
