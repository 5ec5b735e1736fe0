import fc from "fast-check";
import { decodeNodeId, encodeNodeId, type NodeKey } from "../../../src/domain/ids";
import { anyDay } from "./records";

const uuid = fc.uuid();
const slug = fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/);
const anyKey: fc.Arbitrary<NodeKey> = fc.oneof(
  fc.record({ type: fc.constant("User" as const), person: uuid }),
  fc.record({ type: fc.constant("ProviderAccount" as const), person: uuid, account: uuid }),
  fc.record({
    type: fc.constant("Daily" as const),
    person: uuid,
    metric: fc.constantFrom("SLEEP" as const, "READINESS" as const, "ACTIVITY" as const),
    provider: slug,
    day: anyDay,
    method: fc.constant(null),
  }),
  fc.record({
    type: fc.constant("Daily" as const),
    person: uuid,
    metric: fc.constant("HRV" as const),
    provider: slug,
    day: anyDay,
    method: fc.constantFrom("RMSSD" as const, "SDNN" as const, "UNKNOWN" as const),
  }),
  fc.record({
    type: fc.constant("SleepSession" as const),
    person: uuid,
    provider: slug,
    day: anyDay,
    startsAt: fc.integer({ min: 946_684_800, max: 7_258_118_399 }),
  }),
  fc.record({
    type: fc.constant("SleepSession" as const),
    person: uuid,
    provider: slug,
    day: anyDay,
    startsAt: fc.integer({ min: 946_684_800, max: 7_258_118_399 }),
    nth: fc.integer({ min: 1, max: 99 }),
  }),
);

describe("a node id", () => {
  it("leads back to the key that it names", () => {
    fc.assert(
      fc.property(anyKey, (key) => expect(decodeNodeId(encodeNodeId(key))).toEqual(key)),
      { numRuns: 500 },
    );
  });

  it("is another one for another key", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(encodeNodeId(a) === encodeNodeId(b)).toBe(same);
      }),
    );
  });

  it("is read only in the form in which it is written", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.string().map((text) => Buffer.from(text).toString("base64url")),
        ),
        (id) => {
          const key = decodeNodeId(id);
          if (key) expect(encodeNodeId(key)).toBe(id);
        },
      ),
    );
  });

  const person = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
  it.each([
    "",
    "u|",
    "u|demo",
    `u|${person}|more`,
    `x|${person}`,
    `a|${person}|${person}|more`,
    `a|${person}|account`,
    `d|${person}|SLEEP|ring|2026-02-30|`,
    `d|${person}|SLEEP|ring|2026-03-29|RMSSD`,
    `d|${person}|HRV|ring|2026-03-29|`,
    `d|${person}|HRV|ring|2026-03-29|rmssd`,
    `d|${person}|STEPS|ring|2026-03-29|`,
    `d|${person}|SLEEP|Ring|2026-03-29|`,
    `d|${person}|SLEEP|ring|2026-03-29||`,
    `s|${person}|ring|2026-03-29|-5`,
    `s|${person}|ring|2026-03-29|5|x`,
  ])("is not one that says %j", (text) => {
    expect(decodeNodeId(Buffer.from(text).toString("base64url"))).toBeNull();
  });
});
