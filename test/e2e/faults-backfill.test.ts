import { fault } from "../faults/backfill.fault";

test("a history that is fetched by processes that are killed ends as an undisturbed one", async () => {
  const figures = await fault.run({ small: true, say: (line) => console.log(line) });
  expect(figures).toHaveLength(4);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 180_000);
