import fc from "fast-check";
import { retryAfterOf } from "../../../src/upstream/retry-after";

const NOW = 1_800_000_000;
const wait = (value?: string) => retryAfterOf(value === undefined ? {} : { "retry-after": value }, NOW) - NOW;

test.each([
  ["seconds", "120", 120],
  ["seconds with spaces", " 7 ", 7],
  ["fractions, upwards", "1.2", 2],
  ["zero, as one second", "0", 1],
  ["ten years, as an hour", "315360000", 3_600],
  ["a number beyond every clock, as an hour", "9".repeat(400), 3_600],
  ["an HTTP-date", new Date((NOW + 90) * 1_000).toUTCString(), 90],
  ["an HTTP-date in the past, as one second", "Sun, 06 Nov 1994 08:49:37 GMT", 1],
  ["an HTTP-date in the year 9999, as an hour", "Fri, 31 Dec 9999 23:59:59 GMT", 3_600],
  ["a negative number, as the default", "-5", 60],
  ["garbage, as the default", "soon", 60],
  ["a weekday without a date, as the default", "Mon", 60],
  ["an impossible date, as the default", "Mon, 99 Foo 2026 99:99:99 GMT", 60],
  ["hexadecimal, as the default", "0x10", 60],
  ["nothing, as the default", "", 60],
  ["absence, as the default", undefined, 60],
])("reads %s", (_name, value, expected) => {
  expect(wait(value)).toBe(expected);
});

test("whatever is sent, the wait is a whole number of seconds between one and an hour", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const seconds = wait(value);
      expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 3_600).toBe(true);
    }),
  );
});
