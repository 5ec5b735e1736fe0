import { createHash } from "node:crypto";
import { createKeys, mintKey } from "../../../src/services/keys";
import type { KeyStore, StoredKey } from "../../../src/services/ports/keys";

const START = 1_790_000_000;
const REFUSED = { code: "UNAUTHENTICATED" };

/** Keys over a store in memory that counts how often it is asked, and a clock in seconds. */
function keysAt() {
  const { key, prefix, hash } = mintKey();
  const stored: { -readonly [Name in keyof StoredKey]: StoredKey[Name] } = {
    id: "k",
    name: "Back end",
    prefix,
    scopes: ["read"],
    createdAt: START,
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
  };
  const calls = { looks: 0, uses: 0 };
  const clock = { now: START };
  const store: Pick<KeyStore, "byHash" | "used"> = {
    async byHash(asked) {
      calls.looks += 1;
      return asked.equals(hash) ? { ...stored } : null;
    },
    async used() {
      calls.uses += 1;
    },
  };
  return { key, stored, calls, clock, store, keys: createKeys(store as KeyStore, () => clock.now * 1_000) };
}

test("a minted key is its prefix and 256 random bits, and is stored as its hash", () => {
  const { key, prefix, hash } = mintKey();
  expect(prefix).toMatch(/^wg_live_[0-9a-f]{8}$/);
  expect(key.startsWith(`${prefix}_`)).toBe(true);
  expect(Buffer.from(key.slice(prefix.length + 1), "base64url")).toHaveLength(32);
  expect(hash).toEqual(createHash("sha256").update(key).digest());
  expect(mintKey().key).not.toBe(key);
});

test("a verified key tells what it may do, and nothing of its use", async () => {
  const { key, keys, stored } = keysAt();
  expect(await keys.verify(key)).toEqual({ id: "k", prefix: stored.prefix, scopes: ["read"], expiresAt: null });
});

test("a verified key is looked up once a minute, however many ask at once", async () => {
  const { key, keys, calls, clock } = keysAt();
  await Promise.all(Array.from({ length: 20 }, () => keys.verify(key)));
  clock.now += 59;
  await keys.verify(key);
  expect(calls).toEqual({ looks: 1, uses: 1 });
  clock.now += 1;
  await keys.verify(key);
  expect(calls).toEqual({ looks: 2, uses: 2 });
});

test("a revocation counts within a minute, and stays", async () => {
  const { key, keys, calls, clock, stored } = keysAt();
  await keys.verify(key);
  stored.revokedAt = START + 1;
  clock.now += 60;
  await expect(keys.verify(key)).rejects.toMatchObject(REFUSED);
  await expect(keys.verify(key)).rejects.toMatchObject(REFUSED);
  expect(calls).toEqual({ looks: 3, uses: 1 });
});

test("an expiry counts at its second, for a key that is kept too", async () => {
  const { key, keys, clock, stored, calls } = keysAt();
  stored.expiresAt = START + 10;
  clock.now = START + 9;
  await keys.verify(key);
  clock.now = START + 10;
  await expect(keys.verify(key)).rejects.toMatchObject(REFUSED);
  expect(calls.looks).toBe(1);
  clock.now += 60;
  await expect(keys.verify(key)).rejects.toMatchObject(REFUSED);
  expect(calls).toEqual({ looks: 2, uses: 1 });
});

test("an unknown key is looked up and refused", async () => {
  const { keys, calls } = keysAt();
  await expect(keys.verify(mintKey().key)).rejects.toMatchObject(REFUSED);
  expect(calls).toEqual({ looks: 1, uses: 0 });
});

test.each(["wg_", "wg_live_0123abcd", "wg_live_0123abcd_short", `wg_test_0123abcd_${"x".repeat(43)}`])(
  "%s is refused without being looked up",
  async (token) => {
    const { keys, calls } = keysAt();
    await expect(keys.verify(token)).rejects.toMatchObject(REFUSED);
    expect(calls.looks).toBe(0);
  },
);

test("a key with one character more, less or another is refused", async () => {
  const { key, keys } = keysAt();
  const other = key.endsWith("A") ? "E" : "A";
  for (const near of [`${key}A`, key.slice(0, -1), `${key.slice(0, -1)}${other}`, key.toUpperCase()]) {
    await expect(keys.verify(near)).rejects.toMatchObject(REFUSED);
  }
});

test("a database that is away is SERVICE_DEGRADED, for a key not kept, and is asked again", async () => {
  const { key, keys, store } = keysAt();
  const { byHash } = store;
  store.byHash = async () => {
    throw new Error("connection refused");
  };
  await expect(keys.verify(key)).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
  store.byHash = byHash;
  expect(await keys.verify(key)).toMatchObject({ id: "k" });
});
