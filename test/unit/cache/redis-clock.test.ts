import { RedisClock } from "../../../src/cache/redis-clock";

const KEPT_MS = 10_000;

/** A clock of Redis that is a minute ahead, and what its owner does meanwhile. */
function world(): { clock: RedisClock; passes(ms: number): void; ahead(): number; heardLate(ms: number): void } {
  let steady = 1_000_000;
  const clock = new RedisClock(() => steady);
  return {
    clock,
    passes: (ms) => {
      steady += ms;
    },
    ahead: () => clock.now() - steady,
    heardLate: (ms) => clock.heard(steady + 60_000 - ms),
  };
}

test("before Redis has told its clock this process's own counts, and the first that is told counts however late", () => {
  const { clock, ahead, heardLate } = world();
  expect(ahead()).toBe(0);
  heardLate(700);
  expect(ahead()).toBe(59_300);
  clock.heard(0);
  expect(ahead()).toBe(59_300);
});

test("a clock that is behind is believed as well", () => {
  const { clock, ahead } = world();
  clock.heard(400_000);
  expect(ahead()).toBe(-600_000);
});

test("an answer that is heard late puts the clock back only once the soonest is old", () => {
  const { ahead, heardLate, passes } = world();
  heardLate(5);
  heardLate(300);
  expect(ahead()).toBe(59_995);
  heardLate(1);
  expect(ahead()).toBe(59_999);
  passes(KEPT_MS);
  heardLate(40);
  expect(ahead()).toBe(59_999);
  passes(KEPT_MS - 1);
  heardLate(30);
  expect(ahead()).toBe(59_999);
  passes(1);
  heardLate(50);
  expect(ahead()).toBe(59_970);
});

test("after long silence the first answer counts, however late", () => {
  const { ahead, heardLate, passes } = world();
  heardLate(1);
  passes(2 * KEPT_MS);
  expect(ahead()).toBe(59_999);
  heardLate(900);
  expect(ahead()).toBe(59_100);
});
