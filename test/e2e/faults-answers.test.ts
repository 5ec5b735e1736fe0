import { fault } from "../faults/answers.fault";

test("whatever people change and whatever becomes of Redis, kept answers are their owner's and true", async () => {
  const figures = await fault.run({ small: true, say: () => undefined });
  expect(figures.length).toBeGreaterThan(8);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 180_000);
