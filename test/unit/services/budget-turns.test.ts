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
    const end = await lane.take("a", 4_000);
    expect(performance.now() - begun).toBeLessThan(3_500);
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
    const others = await Promise.all(["a", "b", "c"].map((account) => lane.take(account, 300)));
    expect(others.map(({ kind }) => kind)).toEqual(["granted", "granted", "granted"]);
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
    const turns = new Map(Array.from({ length: 100 }, (_, account) => [`bulk ${account}`, 0]));
    // As jobs are worked off: in the order of their times, eight at once.
    const jobs = [...turns.keys()].map((account) => ({ account, at: 0 }));
    const end = performance.now() + 4_000;
    const work = async () => {
      while (performance.now() < end) {
        jobs.sort((one, other) => one.at - other.at);
        const job = jobs[0]!.at <= Date.now() ? jobs.shift()! : null;
        if (!job) await sleep(5);
        else {
          const outcome = await budgets.take("acme", { accountId: job.account, background: true });
          if (outcome.granted) turns.set(job.account, turns.get(job.account)! + 1);
          jobs.push({ account: job.account, at: outcome.granted ? Date.now() : outcome.retryAt * 1_000 });
        }
      }
    };
    // Three a second of a hundred: within what the background leaves alone.
    const read = async () => {
      for (let reader = 0; reader < 10; reader++) {
        const outcome = await budgets.take("acme", { accountId: `reader ${reader}`, background: false });
        expect(outcome).toEqual({ granted: true });
        await sleep(350);
      }
    };
    await Promise.all([...Array.from({ length: 8 }, work), read()]);
    const each = [...turns.values()];
    // Nobody of them is left out.
    expect(Math.min(...each)).toBeGreaterThan(0);
    expect(Math.max(...each)).toBeLessThanOrEqual(2 * (each.reduce((sum, one) => sum + one) / each.length));
    expect(counts.taken[0]).toBe(10);
    expect(counts.taken[1]).toBe(each.reduce((sum, one) => sum + one));
    expect(counts.waited).toEqual([10, counts.taken[1]! + counts.refused[1]!]);
    expect(counts.waiting[1]).toBe(0);
    console.log(`${counts.taken[1]} turns of the background in 4 s of 100 a second, ${counts.refused[1]} refusals`);
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

  test("those of the background that are sent away come back one after the other, at the pace of the turns", async () => {
    const refusing = { take: async () => refusal(10_000) };
    const budgets = fair(refusing, told().telemetry, { requests: 100, seconds: 200 });
    const begun = Date.now() / 1_000;
    const turns = Array.from({ length: 50 }, (_, account) =>
      budgets.take("acme", { accountId: `bulk ${account}`, background: true }),
    );
    const back = (await Promise.all(turns)).map((turn) => (turn.granted ? 0 : turn.retryAt - begun));
    // Nobody before there may be a turn, then one every two seconds.
    expect(Math.min(...back)).toBeGreaterThanOrEqual(9.9);
    expect(back.at(-1)).toBeGreaterThanOrEqual(99.9);
    expect(back.filter((at) => at > 20).every((at, index, all) => index === 0 || at - all[index - 1]! >= 1.9)).toBe(
      true,
    );
    const waiting = await budgets.take("acme", { accountId: "reader", background: false });
    expect(waiting.granted ? 0 : waiting.retryAt - begun).toBeLessThan(15);
  });

  test("nobody is told to wait for longer than an hour by the length of the line", async () => {
    const budgets = fair({ take: async () => refusal(10_000) }, told().telemetry, { requests: 1, seconds: 1_000 });
    const begun = Date.now() / 1_000;
    const back: number[] = [];
    for (let one = 0; one < 6; one++) {
      const turn = await budgets.take("acme", { accountId: `bulk ${one}`, background: true });
      if (!turn.granted) back.push(Math.round((turn.retryAt - begun) / 100));
    }
    expect(back).toEqual([10, 20, 30, 36, 36, 36]);
  });

  test("a line that is too long for all lets two of the background wait for long, the others briefly", async () => {
    const budgets = fair({ take: async () => refusal(20) });
    const begun = performance.now();
    const ends: number[] = [];
    const turn = async (account: number) => {
      await budgets.take("acme", { accountId: `bulk ${account}`, background: true });
      ends.push(performance.now() - begun);
    };
    const first = [turn(0), turn(1)];
    await sleep(5);
    await Promise.all([...first, ...[2, 3, 4, 5].map(turn)]);
    expect(ends.filter((ended) => ended >= 1_900)).toHaveLength(2);
    expect(ends.filter((ended) => ended < 1_900)).toHaveLength(4);
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
