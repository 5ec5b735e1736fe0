import fc from "fast-check";
import { LocalCount } from "../../../src/cache/budget-memory";
import { type BudgetWindow, limitsOf } from "../../../src/domain/budgets";

const T0 = 1_790_000_000_000;

interface Grant {
  readonly at: number;
  readonly account: string;
}

/** The most grants in any stretch of a window and one slot, ends included: what a vendor may count, whichever way it does. */
function mostInAnyWindow(grants: readonly number[], { seconds }: BudgetWindow): number {
  const { windowMs, slotMs } = limitsOf({ requests: 1, seconds });
  let most = 0;
  for (let first = 0, last = 0; last < grants.length; last++) {
    while (grants[last]! - grants[first]! >= windowMs + slotMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Asks for as much as there is for so many windows of the longest kind; the grants. */
function endless(windows: readonly BudgetWindow[], times: number, background: boolean, accounts: readonly string[]) {
  const count = new LocalCount();
  const limits = windows.map((window) => limitsOf(window));
  const end = T0 + times * Math.max(...limits.map(({ windowMs }) => windowMs));
  const grants: Grant[] = [];
  let turn = 0;
  for (let now = T0; now < end; ) {
    const account = accounts[turn++ % accounts.length]!;
    const decision = count.take(limits, { accountId: account, background }, now);
    if (decision.granted) grants.push({ at: now, account });
    else if (!decision.accountOnly || accounts.length === 1) now += decision.waitMs;
    else now += 1;
  }
  return grants;
}

const BUDGETS: readonly (readonly [string, readonly BudgetWindow[]])[] = [
  ["5,000 in 300 s", [{ requests: 5_000, seconds: 300 }]],
  ["120 in 60 s", [{ requests: 120, seconds: 60 }]],
  [
    "100 in 60 s and 10,000 in a day",
    [
      { requests: 100, seconds: 60 },
      { requests: 10_000, seconds: 86_400 },
    ],
  ],
  ["600 in 10 s", [{ requests: 600, seconds: 10 }]],
];

const windowsArbitrary = fc.uniqueArray(
  fc.record({ requests: fc.integer({ min: 1, max: 400 }), seconds: fc.constantFrom(1, 2, 7, 10, 60) }),
  { minLength: 1, maxLength: 2, selector: ({ seconds }) => seconds },
);
const wish = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3_000 })),
  burst: fc.integer({ min: 1, max: 60 }),
  account: fc.constantFrom("a", "b", "c", null),
  background: fc.boolean(),
});

describe("the count of a provider's requests", () => {
  test("whatever comes when, no window holds more than it allows, fixed or sliding, one slot more included", () => {
    fc.assert(
      fc.property(windowsArbitrary, fc.array(wish, { maxLength: 200 }), (windows, wishes) => {
        const count = new LocalCount();
        const limits = windows.map((window) => limitsOf(window));
        const grants: number[] = [];
        let now = T0;
        for (const { afterMs, burst, account, background } of wishes) {
          now += afterMs;
          for (let one = 0; one < burst; one++) {
            if (count.take(limits, { accountId: account, background }, now).granted) grants.push(now);
          }
        }
        for (const window of windows) expect(mostInAnyWindow(grants, window)).toBeLessThanOrEqual(window.requests);
      }),
      { numRuns: 300 },
    );
  });

  test.each(BUDGETS)("an endless backfill uses at least 95 % of %s", (_name, windows) => {
    const times = windows.length > 1 ? 3 : 10;
    const grants = endless(windows, times, true, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    const longest = windows.reduce((one, other) => (other.seconds > one.seconds ? other : one));
    expect(grants.length / (longest.requests * times)).toBeGreaterThanOrEqual(0.95);
    for (const window of windows) {
      const times = grants.map(({ at }) => at);
      expect(mostInAnyWindow(times, window)).toBeLessThanOrEqual(window.requests);
    }
  });

  test.each(BUDGETS)("one account alone may use all of %s in the background", (_name, windows) => {
    const longest = windows.reduce((one, other) => (other.seconds > one.seconds ? other : one));
    const grants = endless(windows, 2, true, ["a"]);
    expect(grants.length / (longest.requests * 2)).toBeGreaterThanOrEqual(0.95);
  });

  test("a refusal says when: asked then, the request is granted, asked a moment before it is not", () => {
    fc.assert(
      fc.property(windowsArbitrary, fc.boolean(), fc.integer({ min: 1, max: 500 }), (windows, background, already) => {
        const count = new LocalCount();
        const limits = windows.map((window) => limitsOf(window));
        let now = T0;
        for (let one = 0; one < already; one++) {
          const accountId = `account ${one}`;
          const decision = count.take(limits, { accountId, background }, now);
          if (decision.granted) continue;
          const justBefore = count.take(limits, { accountId, background }, now + decision.waitMs - 2);
          if (decision.waitMs > 2) expect(justBefore.granted).toBe(false);
          now += decision.waitMs;
          expect(count.take(limits, { accountId, background }, now).granted).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("who waits for an answer is never refused while the reserve lasts, however much the background wants", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 2_000 }), account: fc.integer({ min: 0, max: 9 }) }), {
          maxLength: 60,
        }),
        (reads) => {
          const limit = limitsOf({ requests: 1_000, seconds: 60 });
          const count = new LocalCount();
          const times: number[] = [];
          let at = T0;
          for (const { afterMs, account } of reads) {
            at += afterMs;
            // The background takes whatever it can get.
            for (let now = at - afterMs; now <= at; now += 20) {
              while (count.take([limit], { accountId: "backfill", background: true }, now).granted);
            }
            const recent = times.filter((time) => at - time < limit.windowMs + 2 * limit.slotMs).length;
            if (recent >= limit.limit - limit.backgroundLimit) continue;
            const accountId = `reader ${account}`;
            expect(count.take([limit], { accountId, background: false }, at)).toEqual({ granted: true });
            times.push(at);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("who waits for an answer waits for none while the background takes all the rest, though it needs far more than the reserve", () => {
    // The reserve is 3 in 10 s; those who wait take 25 of them, evenly.
    const limit = limitsOf({ requests: 100, seconds: 10 });
    const count = new LocalCount();
    let background = 0;
    for (let now = T0; now < T0 + 60_000; now += 20) {
      if ((now - T0) % 400 === 0) {
        expect(count.take([limit], { accountId: `reader ${now}`, background: false }, now)).toEqual({ granted: true });
      }
      if (count.take([limit], { accountId: `bulk ${now}`, background: true }, now).granted) background++;
    }
    expect((background + 150) / 600).toBeGreaterThanOrEqual(0.95);
  });

  test("the background holds back for a second after somebody who waits was refused", () => {
    const limit = limitsOf({ requests: 10, seconds: 10 });
    const count = new LocalCount();
    const interactive = (now: number) => count.take([limit], { accountId: null, background: false }, now);
    for (let one = 0; one < 10; one++) expect(interactive(T0 + one * 900).granted).toBe(true);
    const refused = interactive(T0 + 9_000);
    expect(refused).toMatchObject({ granted: false, accountOnly: false });
    const free = T0 + 9_000 + (refused.granted ? 0 : refused.waitMs);
    expect(interactive(free - 100).granted).toBe(false);
    expect(count.take([limit], { accountId: "b", background: true }, free)).toMatchObject({ granted: false });
    expect(interactive(free).granted).toBe(true);
  });

  test("in the background a hog gets a quarter while ninety-nine others want theirs, and all of it when they are done", () => {
    const limit = limitsOf({ requests: 1_000, seconds: 100 });
    const count = new LocalCount();
    const grants: Grant[] = [];
    const left = new Map(Array.from({ length: 99 }, (_, index) => [`normal ${index}`, 30]));
    for (let now = T0; now < T0 + 600_000; now += 50) {
      for (let greed = 0; greed < 20; greed++) {
        if (count.take([limit], { accountId: "hog", background: true }, now).granted)
          grants.push({ at: now, account: "hog" });
      }
      for (const [account, wanted] of left) {
        if (!count.take([limit], { accountId: account, background: true }, now).granted) continue;
        grants.push({ at: now, account });
        if (wanted > 1) left.set(account, wanted - 1);
        else left.delete(account);
      }
    }
    const normals = grants.filter(({ account }) => account !== "hog");
    expect(normals).toHaveLength(99 * 30);
    const took = normals.at(-1)!.at - T0;
    // Alone they would have needed 2,970 of 10 a second: 297 s.
    expect(took).toBeLessThan(1.5 * 297_000);
    const hog = grants.filter(({ at, account }) => account === "hog" && at > T0 + 100_000 && at < T0 + took - 1_000);
    expect(hog.length / ((took - 101_000) / 100_000)).toBeLessThanOrEqual(300);
    const after = grants.filter(({ at, account }) => account === "hog" && at > T0 + took + 3_000);
    expect(after.length / ((597_000 - took) / 100)).toBeGreaterThan(0.9);
  });

  test("of what people wait for, one account takes at most half while nobody else wants any, and never keeps others from theirs", () => {
    const limit = limitsOf({ requests: 1_000, seconds: 100 });
    const count = new LocalCount();
    const ask = (accountId: string, now: number) => count.take([limit], { accountId, background: false }, now);
    let hog = 0;
    while (ask("hog", T0).granted) hog++;
    expect(hog).toBe(500);
    for (let account = 0; account < 99; account++) {
      for (let one = 0; one < 5; one++) expect(ask(`normal ${account}`, T0 + account).granted).toBe(true);
      expect(ask("hog", T0 + account)).toMatchObject({ granted: false, accountOnly: true });
    }
  });

  test("an account's own share is no reason for the background to hold back", () => {
    const limit = limitsOf({ requests: 1_000, seconds: 100 });
    const count = new LocalCount();
    let now = T0;
    for (; count.take([limit], { accountId: "hog", background: false }, now).granted; now += 110);
    expect(count.take([limit], { accountId: "hog", background: false }, now)).toMatchObject({ accountOnly: true });
    expect(count.take([limit], { accountId: "backfill", background: true }, now).granted).toBe(true);
  });

  test("apart from each other, processes take together no more than the whole less its reserve", () => {
    for (const processes of [2, 3, 4, 7]) {
      const limit = limitsOf({ requests: 1_000, seconds: 10 }, processes);
      expect(limit.limit * processes).toBeLessThanOrEqual(970);
      expect(limit.limit * processes).toBeGreaterThan(960);
    }
    expect(limitsOf({ requests: 3, seconds: 10 }, 4).limit).toBe(0);
    const count = new LocalCount();
    const none = limitsOf({ requests: 3, seconds: 10 }, 4);
    expect(count.take([none], { accountId: "a", background: false }, T0)).toEqual({
      granted: false,
      waitMs: 10_000,
      accountOnly: false,
    });
  });
});
