import { fault } from "../faults/budget.fault";

test("histories are fetched within the vendor's limit, and nobody who looks meanwhile is refused", async () => {
  const lines: string[] = [];
  const figures = await fault.run({ small: true, say: (line) => lines.push(line) });
  console.log([...lines, ...figures.map(({ name, value, target }) => `${name}: ${value} (${target})`)].join("\n"));
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 180_000);
