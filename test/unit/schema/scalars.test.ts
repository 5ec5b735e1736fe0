import { DateTime, LocalDate } from "../../../schema/scalars";

test.each([
  "2026-02-30",
  "24:00",
  "2026-1-1",
  "1790000000000",
  "now",
  "",
  " 2026-01-01",
  "0001-01-01",
  "9999-12-31",
  "2026-01-01T00:00:00Z",
])("LocalDate refuses %j", (text) => {
  expect(() => LocalDate.parseValue(text)).toThrow(/LocalDate: expected a calendar date YYYY-MM-DD/);
});

test.each([1_790_000_000, null, true, {}, ["2026-01-01"]])("LocalDate refuses %j, which is no text", (value) => {
  expect(() => LocalDate.parseValue(value)).toThrow(/LocalDate: expected/);
});

test("LocalDate takes a leap day", () => {
  expect(LocalDate.parseValue("2028-02-29")).toBe("2028-02-29");
  expect(() => LocalDate.parseValue("2026-02-29")).toThrow(/LocalDate/);
});

test.each([
  "2026-11-03T23:10:00",
  "2026-11-03",
  "2026-02-30T00:00:00Z",
  "2026-11-03T24:00:00Z",
  "2026-11-03T00:00:00+26:00",
  "1790000000",
  "now",
])("DateTime refuses %j", (text) => {
  expect(() => DateTime.parseValue(text)).toThrow(/DateTime: expected an RFC 3339 instant/);
});

test("DateTime answers the wearer's offset as it is, and epoch seconds in Z", () => {
  expect(DateTime.serialize("2026-11-03T23:10:00-08:00")).toBe("2026-11-03T23:10:00-08:00");
  expect(DateTime.serialize("2026-11-03T23:10:00+00:00")).toBe("2026-11-03T23:10:00+00:00");
  expect(DateTime.serialize(1_790_000_000.9)).toBe("2026-09-21T14:13:20Z");
  expect(() => DateTime.serialize("yesterday")).toThrow(/expected an instant/);
});
