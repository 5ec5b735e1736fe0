import type { Cache, CellEntries } from "../../../src/services/ports/cache";
import { CellWrites } from "../../../src/services/reading/cell-writes";

const entries: readonly CellEntries[] = [
  { key: { personId: "p", accountId: "a", metric: "HRV" }, cells: new Map([["2026-01-01", "cell"]]) },
];

/** A cache of which only the writing is used, and which waits before it writes where it is told to. */
function cache(put: Cache["putCells"]): Cache {
  return { putCells: put } as Cache;
}

test("a write begins after the present turn, and is waited for by draining alone", async () => {
  const written: (readonly CellEntries[])[] = [];
  const faults: unknown[] = [];
  const writes = new CellWrites(
    cache(async (given) => {
      written.push(given);
    }),
    { fault: (_where, error) => faults.push(error) },
  );
  let made = 0;
  writes.later(() => {
    made += 1;
    return entries;
  });
  await Promise.resolve();
  expect([made, written]).toEqual([0, []]);
  await writes.drained();
  expect([made, written, faults]).toEqual([1, [entries], []]);
});

test("draining waits for writes that come meanwhile, and for slow ones", async () => {
  const order: string[] = [];
  const writes: CellWrites = new CellWrites(
    cache(async () => {
      if (order.push("begun") === 1) writes.later(() => entries);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push("written");
    }),
    { fault: (where) => order.push(where) },
  );
  writes.later(() => entries);
  await writes.drained();
  expect(order).toEqual(["begun", "begun", "written", "written"]);
});

test("a write that fails is told, and keeps nothing from draining", async () => {
  const faults: unknown[] = [];
  const failing = cache(() => Promise.reject(new Error("full")));
  const writes = new CellWrites(failing, { fault: (where, error) => faults.push([where, error]) });
  writes.later(() => entries);
  await writes.drained();
  expect(faults).toEqual([["writing cells to the cache", new Error("full")]]);
});
