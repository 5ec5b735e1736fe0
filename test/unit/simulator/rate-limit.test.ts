import fc from "fast-check";
import { oura } from "../../../providers/oura";
import { startSimulator } from "../../../src/simulator";
import { RateLimit } from "../../../src/simulator/rate-limit";
import { CLIENT } from "./newcomer";

const LIMIT = { requests: 5, seconds: 10 };

test("any stretch as long as the window answers at most as many as the limit says, and no fewer than it may", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (gaps) => {
      let now = 1_790_000_000_000;
      const limit = new RateLimit(() => now);
      const answered: number[] = [];
      for (const gap of gaps) {
        now += gap;
        const within = answered.filter((at) => at > now - 10_000).length;
        const refused = limit.refuse(LIMIT);
        expect(refused === null).toBe(within < 5);
        if (refused === null) answered.push(now);
      }
    }),
  );
});

test("a refusal says when it is worth asking again, and when everything is free again", () => {
  let now = 0;
  const limit = new RateLimit(() => now);
  for (let one = 0; one < 5; one++) {
    expect(limit.refuse(LIMIT)).toBeNull();
    now += 1_000;
  }
  expect(limit.refuse(LIMIT)).toEqual({ retryAfter: "5", limit: { ...LIMIT, resetAt: 14 } });
  now = 9_999;
  expect(limit.refuse(LIMIT)).toMatchObject({ retryAfter: "1" });
  now = 10_000;
  expect(limit.refuse(LIMIT)).toBeNull();
  expect(limit.refused()).toBe(2);
  limit.reset();
  expect(limit.refused()).toBe(0);
  expect(limit.refuse(null)).toBeNull();
  expect(new RateLimit(() => 7_000).refuse({ requests: 0, seconds: 3 })).toMatchObject({ retryAfter: "3" });
});

test("the limit is answered in the vendor's own form, for the application, and steered over HTTP", async () => {
  const simulator = await startSimulator({ provider: oura, ...CLIENT });
  try {
    const control = (path: string, json: unknown) =>
      fetch(`${simulator.origin}/__simulator/${path}`, {
        method: "POST",
        body: JSON.stringify(json),
        headers: { "content-type": "application/json" },
      });
    await control("settings", { rateLimit: { requests: 2, seconds: 60 } });
    const ask = () => fetch(`${simulator.origin}/v2/usercollection/daily_sleep`);
    expect([(await ask()).status, (await ask()).status]).toEqual([401, 401]);
    const refused = await ask();
    expect(refused.status).toBe(429);
    const header = (name: string) => refused.headers.get(name);
    expect(["x-ratelimit-limit", "x-ratelimit-window", "x-ratelimit-tier"].map(header)).toEqual(["2", "60", "app"]);
    expect(Number(header("retry-after"))).toBeGreaterThanOrEqual(59);
    expect(Math.abs(Number(header("x-ratelimit-reset")) - Date.now() / 1_000 - 60)).toBeLessThan(3);
    const calls = (await (await fetch(`${simulator.origin}/__simulator/calls`)).json()) as { refused: number };
    expect([calls.refused, simulator.refused()]).toEqual([1, 1]);
    await control("settings", { rateLimit: null });
    expect((await ask()).status).toBe(401);
  } finally {
    await simulator.stop();
  }
});
