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
let trusted: string | null = "1";
const cacheOn = (store: AnswerStore | null, build = "build") =>
  new AnswerCache({
    versions: { current: async () => ({ version: "1", confirmed: true }), trusted: () => trusted },
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

/** Leaves an answer in the store, as a process does that is asked for it a second time. */
async function left(shelf: Shelf): Promise<void> {
  const cache = cacheOn(shelf);
  cache.keep(asked("ann"), "ann's", 1_060);
  await cache.find(asked("ann"));
}

beforeEach(() => {
  clock = 1_000;
  trusted = "1";
});

test("two people's equal questions are kept side by side, each to its owner", async () => {
  const cache = cacheOn(null);
  cache.keep(asked("ann"), "ann's", 1_060);
  cache.keep(asked("ben"), "ben's", 1_060);
  expect([said(await cache.find(asked("ann"))), said(await cache.find(asked("ben")))]).toEqual(["ann's", "ben's"]);
});

test("a person's other questions, and the same in another media type, are others", async () => {
  const cache = cacheOn(null);
  cache.keep(asked("ann"), "ann's", 1_060);
  expect(await cache.find(asked("ann", "1", "q "))).toBeNull();
  expect(await cache.find({ ...asked("ann"), type: "application/graphql-response+json" })).toBeNull();
});

test("an answer of another version, older or newer, is a miss", async () => {
  const cache = cacheOn(null);
  cache.keep(asked("ann", "2"), "ann's", 1_060);
  expect([await cache.find(asked("ann", "1")), await cache.find(asked("ann", "3"))]).toEqual([null, null]);
});

test("an answer is a miss from its end on, six hours at the latest", async () => {
  const cache = cacheOn(null);
  cache.keep(asked("ann"), "short", 1_060);
  cache.keep(asked("ann", "1", "long"), "long", Number.POSITIVE_INFINITY);
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
  await left(shelf);
  expect(said(await cacheOn(shelf).find(asked("ann")))).toBe("ann's");
  shelf.remark(change);
  expect(await cacheOn(shelf).find(asked("ann"))).toBeNull();
});

test("another build finds nothing of this one's", async () => {
  const shelf = new Shelf();
  await left(shelf);
  expect(await cacheOn(shelf, "other").find(asked("ann"))).toBeNull();
});

test("an answer is put into the store when it is asked for again, once", async () => {
  const shelf = new Shelf();
  const put = jest.spyOn(shelf, "put");
  const cache = cacheOn(shelf);
  cache.keep(asked("ann"), "ann's", 1_060);
  cache.keep(asked("ben"), "ben's", 1_060);
  expect(put).not.toHaveBeenCalled();
  for (let turn = 0; turn < 3; turn++) {
    await cache.find(asked("ann"));
    cache.atOnce("ann", "application/json", Buffer.from("q"));
  }
  expect(put.mock.calls.map(([person]) => person)).toEqual(["ann"]);
  const other = cacheOn(shelf);
  expect([said(await other.find(asked("ann"))), said(await other.find(asked("ben")))]).toEqual(["ann's", null]);
  await other.find(asked("ann"));
  expect(put).toHaveBeenCalledTimes(1);
});

test("the store gets no answer for less than a second", async () => {
  const shelf = new Shelf();
  const cache = cacheOn(shelf);
  cache.keep(asked("ann"), "ann's", 1_000.9);
  expect(said(await cache.find(asked("ann")))).toBe("ann's");
  expect(shelf.values.size).toBe(0);
});

describe("at once", () => {
  const atOnce = (cache: AnswerCache, personId: string, text = "q", type = "application/json") =>
    said(cache.atOnce(personId, type, Buffer.from(text)));

  test("everybody gets their own answer to the very bytes they sent, in the type they want, however often", async () => {
    const cache = cacheOn(null);
    const long = "q".repeat(5_000);
    const newer = "application/graphql-response+json";
    cache.keep({ ...asked("ann"), type: newer }, "ann's newer", 1_060);
    for (const person of ["ann", "ben"]) {
      for (const text of ["q", "p", "q ", "", long]) cache.keep(asked(person, "1", text), `${person} ${text}`, 1_060);
    }
    for (let turn = 0; turn < 3; turn++) {
      for (const person of ["ann", "ben"]) {
        for (const text of ["q", "p", "q ", "", long]) expect(atOnce(cache, person, text)).toBe(`${person} ${text}`);
        expect(atOnce(cache, person, "other")).toBeNull();
      }
      expect([atOnce(cache, "ann", "q", newer), atOnce(cache, "ben", "q", newer)]).toEqual(["ann's newer", null]);
      expect(atOnce(cache, "cleo")).toBeNull();
    }
  });

  test("nothing is given at a version that is another, or not trusted, nor from the answer's end on", async () => {
    const cache = cacheOn(null);
    cache.keep(asked("ann"), "ann's", 1_060);
    for (const version of ["2", "0", null]) {
      trusted = version;
      expect(atOnce(cache, "ann")).toBeNull();
    }
    trusted = "1";
    expect(atOnce(cache, "ann")).toBe("ann's");
    clock = 1_060;
    expect(atOnce(cache, "ann")).toBeNull();
  });

  test("what lies in the shared store alone is not given at once, but after it was found", async () => {
    const shelf = new Shelf();
    await left(shelf);
    const cache = cacheOn(shelf);
    expect(atOnce(cache, "ann")).toBeNull();
    await cache.find(asked("ann"));
    expect(atOnce(cache, "ann")).toBe("ann's");
  });
});
