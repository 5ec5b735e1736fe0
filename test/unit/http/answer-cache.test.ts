import { AnswerCache, type AskedQuestion, type KeptAnswer } from "../../../src/http/answer-cache";
import type { AnswerStore } from "../../../src/services/ports/answers";

/** A store whose values a test can read and replace. */
class Shelf implements AnswerStore {
  readonly values = new Map<string, Buffer>();
  async get(personId: string, key: string) {
    return this.values.get(`${personId} ${key}`) ?? null;
  }
  async put(personId: string, key: string, bytes: Buffer) {
    this.values.set(`${personId} ${key}`, bytes);
  }
  /** Replaces the marks before the bytes of every value. */
  remark(change: (marks: unknown[]) => unknown[]): void {
    for (const [name, value] of this.values) {
      const end = value.indexOf("\n");
      const marks = change(JSON.parse(value.toString("utf8", 0, end)) as unknown[]);
      this.values.set(name, Buffer.concat([Buffer.from(`${JSON.stringify(marks)}\n`), value.subarray(end + 1)]));
    }
  }
}

let clock = 1_000;
const cacheOn = (store: AnswerStore | null, build = "build") =>
  new AnswerCache({
    versions: { current: async () => ({ version: "1", confirmed: true }) },
    store,
    build,
    now: () => clock,
    maxBytes: 1_000_000,
  });
const asked = (personId: string, version = "1", text = "q"): AskedQuestion => ({
  personId,
  type: "application/json",
  text,
  version,
});
const said = (answer: KeptAnswer | null) => answer?.bytes.toString() ?? null;

beforeEach(() => {
  clock = 1_000;
});

test("two people's equal questions are kept side by side, each to its owner", async () => {
  const cache = cacheOn(null);
  await cache.keep(asked("ann"), "ann's", 1_060);
  await cache.keep(asked("ben"), "ben's", 1_060);
  expect([said(await cache.find(asked("ann"))), said(await cache.find(asked("ben")))]).toEqual(["ann's", "ben's"]);
});

test("a person's other questions, and the same in another media type, are others", async () => {
  const cache = cacheOn(null);
  await cache.keep(asked("ann"), "ann's", 1_060);
  expect(await cache.find(asked("ann", "1", "q "))).toBeNull();
  expect(await cache.find({ ...asked("ann"), type: "application/graphql-response+json" })).toBeNull();
});

test("an answer of another version, older or newer, is a miss", async () => {
  const cache = cacheOn(null);
  await cache.keep(asked("ann", "2"), "ann's", 1_060);
  expect([await cache.find(asked("ann", "1")), await cache.find(asked("ann", "3"))]).toEqual([null, null]);
});

test("an answer is a miss from its end on, six hours at the latest", async () => {
  const cache = cacheOn(null);
  await cache.keep(asked("ann"), "short", 1_060);
  await cache.keep(asked("ann", "1", "long"), "long", Number.POSITIVE_INFINITY);
  clock = 1_059.9;
  expect(said(await cache.find(asked("ann")))).toBe("short");
  clock = 1_060;
  expect(await cache.find(asked("ann"))).toBeNull();
  clock = 1_000 + 6 * 3_600;
  expect(await cache.find(asked("ann", "1", "long"))).toBeNull();
});

test.each<[string, (marks: unknown[]) => unknown[]]>([
  ["another owner", ([, ...rest]) => ["ben", ...rest]],
  ["another version", ([owner, , ...rest]) => [owner, "2", ...rest]],
  ["another build", ([owner, version, , ...rest]) => [owner, version, "else", ...rest]],
  ["an end that is over", ([owner, version, build, , ...rest]) => [owner, version, build, 999, ...rest]],
  ["an end that is no time", ([owner, version, build, , ...rest]) => [owner, version, build, "1060", ...rest]],
  ["other bytes", ([owner, version, build, until, , ...rest]) => [owner, version, build, until, '"else"', ...rest]],
  ["another question", (marks) => [...marks.slice(0, 5), "else"]],
  ["nothing", () => []],
])("a shared value that names %s is a miss, whatever else fits", async (_name, change) => {
  const shelf = new Shelf();
  await cacheOn(shelf).keep(asked("ann"), "ann's", 1_060);
  expect(said(await cacheOn(shelf).find(asked("ann")))).toBe("ann's");
  shelf.remark(change);
  expect(await cacheOn(shelf).find(asked("ann"))).toBeNull();
});

test("another build finds nothing of this one's", async () => {
  const shelf = new Shelf();
  await cacheOn(shelf).keep(asked("ann"), "ann's", 1_060);
  expect(await cacheOn(shelf, "other").find(asked("ann"))).toBeNull();
});
