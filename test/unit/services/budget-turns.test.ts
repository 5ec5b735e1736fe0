import { setTimeout as sleep } from "node:timers/promises";
import { LocalCounts } from "../../../src/cache/budget-memory";
import type { BudgetWindow } from "../../../src/domain/budgets";
import { Lane } from "../../../src/services/budget/lane";
import { FairBudgets } from "../../../src/services/budget/turns";
import type { Decision, RequestCounts } from "../../../src/services/ports/budgets";

const GRANTED: Decision = { granted: true };
const refusal = (waitMs: number, accountOnly = false): Decision => ({ granted: false, waitMs, accountOnly });

/** A lane whose questions are answered by a test, with everything that it asked. */
function laneOf(answer: (accountId: string | null) => Decision) {
  const asked: (string | null)[] = [];
  const waiting: number[] = [];
  const ask = async (accountId: string | null) => {
    asked.push(accountId);
    return answer(accountId);
  };
  return { lane: new Lane({ ask, onWaiting: (count) => waiting.push(count) }), asked, waiting };
}

describe("a lane", () => {
  test("lets pass whoever finds it empty, with one question", async () => {
    const { lane, asked, waiting } = laneOf(() => GRANTED);
    expect(await lane.take("a", 0)).toEqual({ kind: "granted" });
    expect([asked, waiting]).toEqual([["a"], []]);
  });

  test("refuses at once where the patience cannot be enough, and says how long it takes", async () => {
    const { lane, waiting } = laneOf(() => refusal(5_000));
    const begun = performance.now();
    const end = await lane.take("a", 1_000);
    expect(performance.now() - begun).toBeLessThan(500);
    expect(end).toMatchObject({ kind: "refused", waitMs: expect.closeTo(5_000, -3) });
    expect(waiting).toEqual([]);
  });

  test("gives accounts their turns one after the other, however much one of them wants", async () => {
    let open = false;
    const { lane } = laneOf(() => (open ? GRANTED : refusal(30)));
    const order: string[] = [];
    const take = (account: string) => lane.take(account, 5_000).then(() => order.push(account));
    const all = [..."hhhhhh"].map(take);
    all.push(take("x"), take("y"), take("x"));
    await sleep(60);
    open = true;
    await Promise.all(all);
    expect(order.join("")).toBe("hxyhxhhhh");
  });

  test("an account that is held back does not hold back the others", async () => {
    const { lane } = laneOf((account) => (account === "hog" ? refusal(400, true) : GRANTED));
    const hog = lane.take("hog", 300);
    const begun = performance.now();
    const others = await Promise.all(["a", "b", "c"].map((account) => lane.take(account, 300)));
    expect(others.map(({ kind }) => kind)).toEqual(["granted", "granted", "granted"]);
    expect(performance.now() - begun).toBeLessThan(200);
    expect(await hog).toMatchObject({ kind: "refused" });
  });

  test("who has waited for as long as it was worth is sent away, and the others stay", async () => {
    let open = false;
    const { lane, waiting } = laneOf(() => (open ? GRANTED : refusal(40)));
    const [short, long] = [lane.take("a", 100), lane.take("b", 5_000)];
    expect(await short).toMatchObject({ kind: "refused" });
    open = true;
    expect(await long).toEqual({ kind: "granted" });
    expect(waiting.at(-1)).toBe(0);
  });

  test("who does not want a turn any more leaves, and takes none", async () => {
    let open = false;
    const { lane, asked } = laneOf(() => (open ? GRANTED : refusal(50)));
    const leaving = new AbortController();
    const waits = lane.take("a", 5_000, leaving.signal);
    await sleep(20);
    leaving.abort();
    expect(await waits).toEqual({ kind: "left", waitMs: 0 });
    open = true;
    await sleep(100);
    expect(asked).toEqual(["a"]);
  });

  test("a refusal is believed for a second at most: what it was based on may change", async () => {
    let open = false;
    const { lane } = laneOf(() => (open ? GRANTED : refusal(60_000)));
    expect(await lane.take("a", 100)).toMatchObject({ kind: "refused" });
    open = true;
    const { kind } = await lane.take("a", 100);
    expect(kind).toBe("refused");
    await sleep(1_050);
    expect(await lane.take("a", 100)).toEqual({ kind: "granted" });
  });
});

describe("budgets", () => {
  const WINDOW: BudgetWindow = { requests: 200, seconds: 2 };
  const told = () => {
    const counts = { taken: [0, 0], refused: [0, 0], waited: [0, 0], waiting: [0, 0] };
    const count = (name: keyof typeof counts) => (_provider: string, background: boolean) => {
      counts[name][background ? 1 : 0]! += 1;
    };
    const telemetry = {
      ...{ taken: count("taken"), refused: count("refused"), waited: count("waited"), used: () => undefined },
      waiting: (_provider: string, background: boolean, waiting: number) => {
        counts.waiting[background ? 1 : 0] = waiting;
      },
    };
    return { counts, telemetry };
  };
  const fair = (counts: RequestCounts, telemetry = told().telemetry, window = WINDOW) =>
    new FairBudgets({ counts, windowsOf: () => [window], telemetry, now: () => Date.now() / 1_000 });

  test("whoever waits for an answer gets a turn at once while a hundred backfills want one, and each is told apart", async () => {
    const { counts, telemetry } = told();
    const budgets = fair(new LocalCounts(), telemetry);
    let over = false;
    const backfills = Array.from({ length: 100 }, async (_, account) => {
      let turns = 0;
      while (!over) {
        const outcome = await budgets.take("acme", { accountId: `bulk ${account}`, background: true });
        if (outcome.granted) turns++;
        else await sleep(5);
      }
      return turns;
    });
    for (let read = 0; read < 40; read++) {
      // Three a second of a hundred: within what the background leaves alone.
      if (read % 4 === 0) {
        expect(await budgets.take("acme", { accountId: `reader ${read}`, background: false })).toEqual({
          granted: true,
        });
      }
      await sleep(80);
    }
    over = true;
    const turns = await Promise.all(backfills);
    // Nobody of them is left out.
    expect(Math.min(...turns)).toBeGreaterThan(0);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(3);
    expect(counts.taken[0]).toBe(10);
    expect(counts.taken[1]).toBe(turns.reduce((sum, one) => sum + one));
    expect(counts.waited).toEqual([10, counts.taken[1]! + counts.refused[1]!]);
    expect(counts.waiting[1]).toBe(0);
  });

  test("a refusal tells when, as an epoch, and is counted", async () => {
    const { counts, telemetry } = told();
    const budgets = fair(new LocalCounts(), telemetry, { requests: 1, seconds: 100 });
    await budgets.take("acme", { accountId: "a", background: false });
    const outcome = await budgets.take("acme", { accountId: "b", background: false });
    if (outcome.granted) throw new Error("expected a refusal");
    expect(Math.abs(outcome.retryAt - Date.now() / 1_000 - 100)).toBeLessThan(3);
    expect(counts.refused).toEqual([1, 0]);
  });

  test("who does not want a turn from the start takes none", async () => {
    const { counts, telemetry } = told();
    const turn = { accountId: "a", background: true, signal: AbortSignal.abort() };
    expect(await fair(new LocalCounts(), telemetry).take("acme", turn)).toMatchObject({ granted: false });
    expect(counts).toEqual({ taken: [0, 0], refused: [0, 0], waited: [0, 0], waiting: [0, 0] });
  });

  test("one provider's line is not another's", async () => {
    const budgets = fair(new LocalCounts(), told().telemetry, { requests: 1, seconds: 100 });
    for (const provider of ["acme", "other"]) {
      expect(await budgets.take(provider, { accountId: "a", background: false })).toEqual({ granted: true });
    }
  });
});
