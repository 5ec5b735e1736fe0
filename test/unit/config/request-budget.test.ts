import { readFileSync } from "node:fs";
import { join } from "node:path";
import { providers } from "../../../providers/registry";
import { parseRequestBudget } from "../../../src/config/request-budget";
import { readWearable } from "../../../src/config/wearables";

test.each([
  ["5000/300", [{ requests: 5_000, seconds: 300 }]],
  [
    " 100/60 , 10000/86400 ",
    [
      { requests: 100, seconds: 60 },
      { requests: 10_000, seconds: 86_400 },
    ],
  ],
  ["1/2678400", [{ requests: 1, seconds: 2_678_400 }]],
])("%j is a request budget", (text, windows) => {
  expect(parseRequestBudget(text)).toEqual(windows);
});

test.each(["0/60", "100/0", "100", "/60", "-1/60", "1.5/60", "1e3/60", "100/60,", "100/60,200/60", "1/2678401", "a/b"])(
  "%j is none, and stops the start with the variable's name",
  (text) => {
    expect(parseRequestBudget(text)).toBeNull();
    const env = { OURA_REQUEST_BUDGET: text };
    expect(() => readWearable(env, "oura", "http://localhost")).toThrow(/^OURA_REQUEST_BUDGET: expected requests/);
  },
);

test("without one the vendor's own limits hold", () => {
  expect(readWearable({}, "oura", "http://localhost").requestBudget).toBeNull();
  expect(readWearable({ OURA_REQUEST_BUDGET: "" }, "oura", "http://localhost").requestBudget).toBeNull();
});

test("the README tells each vendor's limits", () => {
  const readme = readFileSync(join(__dirname, "../../../README.md"), "utf8");
  const table = readme.slice(readme.indexOf("### Request budgets"), readme.indexOf("_REQUEST_BUDGET` replaces"));
  for (const { displayName, budgets } of providers) {
    const [, told = ""] = new RegExp(`^\\| ${displayName} \\| (.*) \\|$`, "m").exec(table) ?? [];
    for (const { requests, perAccount } of budgets) {
      expect(told).toContain(requests.toLocaleString("en"));
      if (perAccount !== undefined) expect(told).toContain(`${perAccount} for each account`);
    }
  }
});
