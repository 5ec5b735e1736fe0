import type { BudgetWindow } from "../domain/budgets";

const WINDOW = /^([1-9]\d{0,8})\/([1-9]\d{0,6})$/;
const LONGEST_SECONDS = 31 * 86_400;

/** What {@link parseRequestBudget} takes, in words. */
export const REQUEST_BUDGET =
  "requests/seconds, several separated by commas (100/60,10000/86400), each number of seconds once and at most 31 days";

/** An operator's limits on requests to a wearable's vendor; null where the text is none. */
export function parseRequestBudget(text: string): readonly BudgetWindow[] | null {
  const windows = text.split(",").flatMap((part): BudgetWindow[] => {
    const [, requests, seconds] = WINDOW.exec(part.trim()) ?? [];
    return Number(seconds) <= LONGEST_SECONDS ? [{ requests: Number(requests), seconds: Number(seconds) }] : [];
  });
  const lengths = new Set(windows.map(({ seconds }) => seconds));
  return lengths.size === text.split(",").length ? windows : null;
}
