import { civilDay } from "../../../src/domain/days";
import { checkedOrder, dailyQuestion, questionKey } from "../../../src/loaders/question";

const range = (start: string, end: string) => ({ start: civilDay(start), end: civilDay(end) });

test("an inverted range names both of its fields", () => {
  expect(() => dailyQuestion("SLEEP", { range: range("2026-02-01", "2026-01-31") })).toThrow(
    /range\.start \(2026-02-01\) is after range\.end \(2026-01-31\)/,
  );
});

test("366 days pass, 367 do not", () => {
  expect(dailyQuestion("SLEEP", { range: range("2026-01-01", "2027-01-01") }).range.end).toBe("2027-01-01");
  expect(() => dailyQuestion("SLEEP", { range: range("2026-01-01", "2027-01-02") })).toThrow(/spans 367 days/);
});

test("a hundred years do not pass, days to come do", () => {
  expect(() => dailyQuestion("HRV", { range: range("2026-01-01", "2126-01-01") }, "RMSSD")).toThrow(/at most 366/);
  expect(dailyQuestion("HRV", { range: range("2150-01-01", "2150-01-02") }, "RMSSD").method).toBe("RMSSD");
});

test("an empty list of providers and a negative age are refused by name", () => {
  const days = range("2026-01-01", "2026-01-02");
  expect(() => dailyQuestion("SLEEP", { range: days, providers: [] })).toThrow(/^providers is empty/);
  expect(() => dailyQuestion("SLEEP", { range: days, maxAgeSeconds: -1 })).toThrow(/^maxAgeSeconds is -1/);
});

test("a preference names each provider once, and at least one", () => {
  const days = range("2026-01-01", "2026-01-02");
  const ask = (prefer: string[] | null) => dailyQuestion("SLEEP", { range: days, prefer });
  expect(() => ask([])).toThrow(/^prefer is empty/);
  expect(() => ask(["b", "a", "b"])).toThrow(/^prefer names a provider twice/);
  expect(ask(["b", "a"]).prefer).toEqual(["b", "a"]);
  expect(questionKey(ask(["b", "a"]))).not.toBe(questionKey(ask(["a", "b"])));
  expect(questionKey(ask(null))).toBe(questionKey(dailyQuestion("SLEEP", { range: days })));
  expect(() => checkedOrder("input.order", ["a", "a"])).toThrow(/^input\.order names a provider twice/);
  expect(checkedOrder("input.order", [])).toEqual([]);
});

test("equal questions have equal keys, whatever the order of providers", () => {
  const days = range("2026-01-01", "2026-01-02");
  const key = (providers: string[] | null, maxAgeSeconds: number | null = null) =>
    questionKey(dailyQuestion("SLEEP", { range: days, providers, maxAgeSeconds }));
  expect(key(["b", "a", "b"])).toBe(key(["a", "b"]));
  expect(key(null)).not.toBe(key(["a"]));
  expect(key(null, 0)).not.toBe(key(null));
});
