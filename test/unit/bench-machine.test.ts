import { stolenPercent } from "../bench/machine";

const counts = (ticks: readonly number[]) => `cpu  ${ticks.join(" ")}\ncpu0 ${ticks.join(" ")}\nintr 1 2 3\n`;

test("the part of the processors' time that other machines had is told of what lies between two looks", () => {
  const before = counts([100, 0, 50, 800, 10, 0, 5, 40, 0, 0]);
  const after = counts([160, 0, 70, 810, 10, 0, 5, 50, 60, 0]);
  expect(stolenPercent(before, after)).toBeCloseTo(10);
  expect(stolenPercent(before, before)).toBeNull();
});

test("where the kernel does not tell it nobody knows", () => {
  expect(stolenPercent("", "")).toBeNull();
  expect(stolenPercent("intr 1 2 3\n", "intr 4 5 6\n")).toBeNull();
});
