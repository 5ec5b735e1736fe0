import { daysOf } from "../../src/domain/days";
import type { Budgets, Turn, TurnOutcome } from "../../src/services/ports/budgets";
import { Postponed } from "../../src/services/ports/jobs";
import { asked, historiesForTests, step } from "../support/history-process";
import type { History } from "../support/history-world";
import { around, question, type Someone, type World } from "../support/reading-world";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});

/** A budget that notes who asks, and refuses as told. */
class Counter implements Budgets {
  readonly turns: Turn[] = [];
  refusal: (turn: number) => TurnOutcome | null = () => null;

  async take(_provider: string, turn: Turn): Promise<TurnOutcome> {
    this.turns.push(turn);
    return this.refusal(this.turns.length) ?? { granted: true };
  }
}

function run(history: History, name: string, someone: Someone, more: Record<string, string>): Promise<void> {
  const task = history.tasks.find((one) => one.name === name)!;
  const payload = { person: someone.person.id, account: someone.accountId, ...more };
  return task.run(payload, { number: 1, last: false, signal: new AbortController().signal });
}

test("history and nights take their turns in the background, a page a turn; what somebody waits for does not", async () => {
  const budgets = new Counter();
  const { gateway, history } = await processes.start({ budgets });
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  world.vendor.pageSize = 20;
  await history.arm(someone, 90);
  await step(world, history, someone, "activity");
  expect(budgets.turns).toHaveLength(world.vendor.calls.length);
  expect(budgets.turns).toHaveLength(5);
  for (const { background, accountId } of budgets.turns) {
    expect({ background, accountId }).toEqual({ background: true, accountId: someone.accountId });
  }
  budgets.turns.length = 0;
  await run(history, "reconcile-account", someone, { run: "66666666-6666-4666-8666-666666666666" });
  expect(budgets.turns.map(({ background }) => background)).toEqual([true, true, true, true]);
  budgets.turns.length = 0;
  await gateway.ask(someone, question("READINESS", around(-80, -70)));
  expect(budgets.turns.map(({ background }) => background)).toEqual([false]);
});

test("where the budget is used up, history waits until there is some, says so, and goes on at the very page", async () => {
  const budgets = new Counter();
  const { history } = await processes.start({ budgets });
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  world.vendor.pageSize = 20;
  const account = await history.arm(someone, 90);
  const retryAt = Date.now() / 1_000 + 40;
  budgets.refusal = (turn) => (turn === 3 ? { granted: false, retryAt } : null);
  const end = await step(world, history, someone, "activity").catch((error: unknown) => error);
  expect(end).toBeInstanceOf(Postponed);
  expect((end as Postponed).until - retryAt).toBeGreaterThanOrEqual(0);
  expect((end as Postponed).until - retryAt).toBeLessThan(6);
  const activity = (await history.api.backfill(someone.person.id, [account]))
    .get(account.id)!
    .find(({ metric }) => metric === "ACTIVITY")!;
  expect(activity.state).toBe("WAITING");
  expect(activity.retryAt).toBeCloseTo((end as Postponed).until, 1);
  await step(world, history, someone, "activity");
  expect(asked(world).map((call) => call.split(" ")[3])).toEqual(["", "20", "40", "60", "80"]);
});
