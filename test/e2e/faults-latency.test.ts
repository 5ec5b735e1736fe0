import { fault } from "../faults/latency.fault";

test("a connected client is told of what every webhook brought, also where another process did the work", async () => {
  const lines: string[] = [];
  const figures = await fault.run({ small: true, say: (line) => lines.push(line) });
  console.log(lines.join("\n"));
  expect(figures).toHaveLength(2);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 120_000);
