import type { Guard } from "./guards";

/** The guards of request budgets and of what a provider asks to wait. */
export const BUDGET_GUARDS: readonly Guard[] = [
  {
    name: "no more requests than the provider allows, over processes",
    file: "src/cache/budget-scripts.ts",
    find: "if total >= limit then",
    replace: "if false then",
    suite: "test/integration/budget-shared.test.ts",
    tests: "decides as the count of one process does",
  },
  {
    name: "no more than its part for a process that cannot reach the others",
    file: "src/cache/budget-redis.ts",
    find: "return windows.map((window) => limitsOf(window, processes));",
    replace: "return windows.map((window) => limitsOf(window, 1));",
    suite: "test/integration/budget-outages.test.ts",
    tests: "from a standstill",
  },
  {
    name: "what was taken counts though Redis has forgotten it",
    file: "src/cache/budget-scripts.ts",
    find: "math.max(mostBefore, told), ownBefore + (first and own or 0)",
    replace: "0, 0",
    suite: "test/integration/budget-shared.test.ts",
    tests: "counts each request once",
  },
  {
    name: "a turn before every request",
    file: "src/services/fetching/ask.ts",
    find: "await this.turn();",
    replace: "",
    suite: "test/integration/budget-reads.test.ts",
    tests: "a budget that is used up",
  },
  {
    name: "a pause is kept by every process that hears of it",
    file: "src/cache/pauses-redis.ts",
    find: "if (key !== undefined) void this.local.pause(key, Number(end));",
    replace: "",
    suite: "test/integration/budget-reads.test.ts",
    tests: "though Redis forgets it at once",
  },
];
