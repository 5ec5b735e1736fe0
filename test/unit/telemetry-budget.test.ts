import pino from "pino";
import { LocalCounts } from "../../src/cache/budget-memory";
import { FairBudgets } from "../../src/services/budget/turns";
import { createTelemetry } from "../../src/telemetry";

test("what is used, taken, refused, waiting and waited for is told by provider and class", async () => {
  const { registry, budget } = createTelemetry(pino({ level: "silent" }));
  const windowsOf = () => [{ requests: 4, seconds: 100 }];
  const budgets = new FairBudgets({ counts: new LocalCounts(budget.used), windowsOf, telemetry: budget, now: () => 0 });
  for (let read = 0; read < 5; read++) await budgets.take("acme", { accountId: `a${read}`, background: false });
  await budgets.take("acme", { accountId: "a", background: true, patienceMs: 0 });
  const leaving = new AbortController();
  const patient = { accountId: "b", background: true, patienceMs: 1e6, signal: leaving.signal };
  const waits = budgets.take("acme", patient);
  const text = await registry.metrics();
  leaving.abort();
  await waits;
  for (const line of [
    'gateway_budget_used_ratio{provider="acme",window="100"} 1',
    'gateway_budget_requests_total{provider="acme",class="interactive"} 4',
    'gateway_budget_refusals_total{provider="acme",class="interactive"} 1',
    'gateway_budget_refusals_total{provider="acme",class="background"} 1',
    'gateway_budget_waiting{provider="acme",class="background"} 1',
    'gateway_budget_wait_seconds_count{provider="acme",class="interactive"} 5',
    'gateway_budget_wait_seconds_count{provider="acme",class="background"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(await registry.metrics()).toContain('gateway_budget_waiting{provider="acme",class="background"} 0');
});
