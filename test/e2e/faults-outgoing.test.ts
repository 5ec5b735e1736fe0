import { fault } from "../faults/outgoing.fault";

test("whatever the consumer does and however often gateways are killed, every change is told under one webhook-id", async () => {
  const figures = await fault.run({ small: true, say: () => undefined });
  expect(figures.length).toBeGreaterThan(10);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 240_000);
