import type { Budgets } from "../../src/services/ports/budgets";

/** Budgets of tests that are about something else. */
export const UNLIMITED: Budgets = { take: async () => ({ granted: true }) };
