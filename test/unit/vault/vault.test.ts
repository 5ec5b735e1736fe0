import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { KeyRing, personVault, SealError } from "../../../src/db/vault";
import { LARGEST_PLAINTEXT } from "../../../src/db/vault-envelope";

const PLACE = { table: "grants", column: "sealed_tokens", row: "account-1", provider: "vendor" };
const text = (value: string) => Buffer.from(value);

test("what is sealed opens again, and two seals of one value differ", () => {
  const vault = personVault("p1", randomBytes(32));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      const sealed = vault.seal(PLACE, Buffer.from(bytes));
      expect(vault.open(PLACE, sealed)).toEqual(Buffer.from(bytes));
      expect(vault.seal(PLACE, Buffer.from(bytes))).not.toEqual(sealed);
    }),
  );
});

test("a repetitive document is deflated before it is sealed", () => {
  const vault = personVault("p1", randomBytes(32));
  expect(vault.seal(PLACE, text("null,".repeat(10_000))).length).toBeLessThan(500);
});

test("a value sealed for one person, table, column, row or provider opens nowhere else, under the same key or another", () => {
  const place = fc.record({
    table: fc.constantFrom("grants", "raw_documents", 'grants","'),
    column: fc.constantFrom("a", "b", ""),
    row: fc.constantFrom("1", "2", '1","x'),
    provider: fc.constantFrom("oura", "whoop"),
  });
  const keys = [randomBytes(32), randomBytes(32)] as const;
  const home = fc.record({ place, person: fc.constantFrom("p1", "p2"), key: fc.constantFrom(...keys) });
  fc.assert(
    fc.property(home, home, (here, there) => {
      const sealed = personVault(here.person, here.key).seal(here.place, text("token"));
      const attempt = () => personVault(there.person, there.key).open(there.place, sealed);
      if (JSON.stringify(here) === JSON.stringify(there)) expect(attempt()).toEqual(text("token"));
      else expect(attempt).toThrow(SealError);
    }),
    { numRuns: 2_000 },
  );
});

test("every flipped bit and every truncation is noticed", () => {
  const vault = personVault("p1", randomBytes(32));
  const sealed = vault.seal(PLACE, text("the token"));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => vault.open(PLACE, flipped)).toThrow(SealError);
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => vault.open(PLACE, sealed.subarray(0, length))).toThrow(SealError);
  }
  expect(() => vault.open(PLACE, Buffer.concat([sealed, Buffer.from([0])]))).toThrow(SealError);
});

test("plaintext over the cap is not sealed", () => {
  expect(() => personVault("p1", randomBytes(32)).seal(PLACE, Buffer.alloc(LARGEST_PLAINTEXT + 1))).toThrow(RangeError);
});

describe("the key ring", () => {
  const old = { id: "2025", key: randomBytes(32) };
  const current = { id: "2026", key: randomBytes(32) };
  const dataKey = randomBytes(32);

  test("unwraps what an older key wrapped, and wraps under the first", () => {
    const wrapped = new KeyRing([old]).wrap("p1", dataKey);
    const rotated = new KeyRing([current, old]);
    expect(rotated.unwrap("p1", wrapped)).toEqual(dataKey);
    expect(new KeyRing([current]).unwrap("p1", rotated.wrap("p1", dataKey))).toEqual(dataKey);
  });

  test("names a key that it has not, and nothing else", () => {
    const wrapped = new KeyRing([old]).wrap("p1", dataKey);
    expect(() => new KeyRing([current]).unwrap("p1", wrapped)).toThrow(
      new SealError('the key "2025" of a sealed value is not at hand'),
    );
  });

  test("another person's data key does not unwrap", () => {
    const ring = new KeyRing([current]);
    expect(() => ring.unwrap("p2", ring.wrap("p1", dataKey))).toThrow(SealError);
  });

  test.each([
    ["no key", []],
    ["a short key", [{ id: "a", key: randomBytes(31) }]],
    ["an id twice", [old, { id: "2025", key: randomBytes(32) }]],
    ["an id with a space", [{ id: "a b", key: randomBytes(32) }]],
  ])("refuses %s", (_name, keys) => {
    expect(() => new KeyRing(keys)).toThrow(RangeError);
  });
});
