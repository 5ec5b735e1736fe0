import { addDays, type CivilDay, civilDay } from "../../../src/domain/days";
import type { Cache } from "../../../src/services/ports/cache";
import type { Cell, CellIdentity } from "../../../src/services/reading/cells";
import { KnownCells } from "../../../src/services/reading/known-cells";
import type { Source } from "../../../src/services/reading/questions";
import { Sheet } from "../../../src/services/reading/sheet";
import { MemoryCache } from "../../support/memory-cache";

const FIRST = civilDay("2026-03-01");
const IDENTITY: CellIdentity = { personId: "p", accountId: "a", version: "1", build: "b" };
const KNOWN: Cell = { days: [], known: { settled: true, checkedAt: null }, unread: false, unreachable: false };

/** A sheet of one account's activity that wants so many days. */
function sheetOf(count: number, accountId = "a", checkedSince = 0): Sheet {
  const source = {
    account: { id: accountId, personId: "p" },
    metric: "ACTIVITY",
    endpoints: [{ name: "days" }],
    configured: { provider: { slug: "acme" } },
  };
  const sheet = new Sheet(source as unknown as Source, addDays(FIRST, 1_000));
  const requirement = { checkedSince, settledSuffices: checkedSince === 0 };
  sheet.want(new Map(daysFrom(count).map((day) => [day, requirement])));
  return sheet;
}

function daysFrom(count: number): CivilDay[] {
  return Array.from({ length: count }, (_, index) => addDays(FIRST, index));
}

function cells(count: number, cell = KNOWN): Map<CivilDay, Cell> {
  return new Map(daysFrom(count).map((day) => [day, { ...cell }]));
}

/** A cache of which is counted how many cells were looked up. */
class Counted extends MemoryCache {
  asked = 0;

  override cells(...[wanted]: Parameters<Cache["cells"]>): ReturnType<MemoryCache["cells"]> {
    this.asked += wanted.reduce((sum, { days }) => sum + days.length, 0);
    return super.cells(wanted);
  }
}

function knownCells(cache: Cache | null = null, held = 1_000): KnownCells {
  return new KnownCells({ cache, held, telemetry: { fault: () => undefined } });
}

async function foundBy(known: KnownCells, sheet: Sheet, identity = IDENTITY): Promise<ReadonlyMap<CivilDay, Cell>> {
  await known.find([{ sheet, identity }]);
  return sheet.cells;
}

test("a cell that was kept is found again, the same object", async () => {
  const known = knownCells();
  const made = cells(3);
  known.keep([{ sheet: sheetOf(3), identity: IDENTITY, cells: made }]);
  const found = await foundBy(known, sheetOf(2));
  expect(found.size).toBe(2);
  for (const [day, cell] of found) expect(cell).toBe(made.get(day));
});

test.each([
  ["person", { personId: "q" }],
  ["account", { accountId: "c" }],
  ["data version", { version: "2" }],
  ["build", { build: "c" }],
])("a cell that names another %s is not believed, wherever it lies", async (_what, other) => {
  const known = knownCells();
  known.keep([{ sheet: sheetOf(3), identity: { ...IDENTITY, ...other }, cells: cells(3) }]);
  expect((await foundBy(known, sheetOf(3))).size).toBe(0);
});

test("cells of a newer version take the place of all the older ones", async () => {
  const known = knownCells();
  const newer = { ...IDENTITY, version: "2" };
  known.keep([{ sheet: sheetOf(3), identity: IDENTITY, cells: cells(3) }]);
  known.keep([{ sheet: sheetOf(3), identity: newer, cells: cells(1) }]);
  expect((await foundBy(known, sheetOf(3))).size).toBe(0);
  expect((await foundBy(known, sheetOf(3), newer)).size).toBe(1);
});

test("what processes share is looked up once, and then held here", async () => {
  const cache = new Counted();
  const known = knownCells(cache);
  known.keep([{ sheet: sheetOf(3), identity: IDENTITY, cells: cells(3) }]);
  await known.drained();
  expect((await foundBy(known, sheetOf(3))).size).toBe(3);
  expect((await foundBy(known, sheetOf(3))).size).toBe(3);
  expect(cache.asked).toBe(3);
});

test("a cell held here that is not as new as required is looked for in the cache: another process may have checked the day since", async () => {
  const [cache, stale] = [new Counted(), { ...KNOWN, known: { settled: false, checkedAt: 50 } }];
  const [mine, theirs] = [knownCells(cache), knownCells(cache)];
  mine.keep([{ sheet: sheetOf(2), identity: IDENTITY, cells: cells(2, stale) }]);
  await mine.drained();
  expect((await foundBy(mine, sheetOf(2, "a", 10))).size).toBe(2);
  theirs.keep([
    { sheet: sheetOf(1), identity: IDENTITY, cells: cells(1, { ...stale, known: { settled: false, checkedAt: 150 } }) },
  ]);
  await theirs.drained();
  const found = await foundBy(mine, sheetOf(2, "a", 100));
  expect([...found.values()].map((cell) => cell.known.checkedAt)).toEqual([150, 50]);
});

test("no more cells are held than may be, and none where none may", async () => {
  const [few, none] = [knownCells(null, 10), knownCells(null, 0)];
  for (const account of ["a", "c", "d"]) {
    const identity = { ...IDENTITY, accountId: account };
    for (const known of [few, none]) known.keep([{ sheet: sheetOf(4, account), identity, cells: cells(4) }]);
  }
  expect((await foundBy(few, sheetOf(4))).size).toBe(0);
  expect((await foundBy(few, sheetOf(4, "d"), { ...IDENTITY, accountId: "d" })).size).toBe(4);
  expect((await foundBy(none, sheetOf(4, "d"), { ...IDENTITY, accountId: "d" })).size).toBe(0);
});

test("an account of which more and more is held counts with all of it", async () => {
  const known = knownCells(null, 10);
  for (const days of [1, 4]) {
    for (const accountId of ["a", "c", "d"]) {
      const identity = { ...IDENTITY, accountId };
      known.keep([{ sheet: sheetOf(days, accountId), identity, cells: cells(days) }]);
    }
  }
  const held = async (accountId: string) =>
    (await foundBy(known, sheetOf(4, accountId), { ...IDENTITY, accountId })).size;
  expect([await held("a"), await held("c"), await held("d")]).toEqual([0, 4, 4]);
});

test("one question for a long range finds all of it again; of several the last days are held", async () => {
  const known = knownCells();
  known.keep([{ sheet: sheetOf(366), identity: IDENTITY, cells: cells(366) }]);
  expect((await foundBy(known, sheetOf(366))).size).toBe(366);
  known.keep([{ sheet: sheetOf(1), identity: IDENTITY, cells: cells(1) }]);
  expect((await foundBy(known, sheetOf(366))).size).toBe(100);
});
