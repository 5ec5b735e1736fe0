import { Companies, type Seat } from "../../../src/services/fetching/company";

let companies: Companies;
beforeEach(() => {
  jest.useFakeTimers();
  companies = new Companies();
});
afterEach(() => jest.useRealTimers());

/** Names of those that go on, in their order. */
function goingOn(seats: Readonly<Record<string, Seat>>): { come(name: string): void; readonly gone: string[] } {
  const gone: string[] = [];
  return { gone, come: (name) => void seats[name]?.arrived().then(() => gone.push(name)) };
}

test("all go on once the last has come", async () => {
  const all = goingOn({ a: companies.join("ann"), b: companies.join("ann"), c: companies.join("ann") });
  all.come("a");
  await jest.advanceTimersByTimeAsync(20);
  all.come("b");
  await jest.advanceTimersByTimeAsync(20);
  expect(all.gone).toEqual([]);
  all.come("c");
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual(["a", "b", "c"]);
});

test("who is alone waits for nobody, and others' people are none of theirs", async () => {
  const all = goingOn({ a: companies.join("ann"), b: companies.join("ben"), c: companies.join("ben") });
  all.come("a");
  all.come("b");
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual(["a"]);
});

test("who fails is not waited for, and leaves once", async () => {
  const [failing, slow] = [companies.join("ann"), companies.join("ann")];
  const all = goingOn({ a: companies.join("ann") });
  all.come("a");
  failing.leave();
  failing.leave();
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual([]);
  slow.leave();
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual(["a"]);
});

test("a slow one holds nobody up for longer than a moment after the latest, and goes on by itself", async () => {
  const all = goingOn({ a: companies.join("ann"), b: companies.join("ann"), slow: companies.join("ann") });
  all.come("a");
  await jest.advanceTimersByTimeAsync(20);
  all.come("b");
  await jest.advanceTimersByTimeAsync(24);
  expect(all.gone).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(all.gone).toEqual(["a", "b"]);
  all.come("slow");
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual(["a", "b", "slow"]);
});

test("who joins meanwhile is waited for as well; a company that has ended leaves nothing", async () => {
  const seats: Record<string, Seat> = { a: companies.join("ann"), b: companies.join("ann") };
  const all = goingOn(seats);
  all.come("a");
  seats["late"] = companies.join("ann");
  all.come("b");
  await jest.advanceTimersByTimeAsync(10);
  expect(all.gone).toEqual([]);
  all.come("late");
  await jest.advanceTimersByTimeAsync(0);
  expect(all.gone).toEqual(["a", "b", "late"]);
  const next = companies.join("ann");
  for (const seat of Object.values(seats)) seat.leave();
  expect(companies.join("ann").arrived()).toBeInstanceOf(Promise);
  expect(Reflect.get(companies, "byName").size).toBe(1);
  next.leave();
  expect(jest.getTimerCount()).toBe(0);
  expect(Reflect.get(companies, "byName")).toEqual(new Map());
});
