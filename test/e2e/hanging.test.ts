import { issuesOf, WEARABLES } from "../support/four-wearables";
import { measureHanging } from "../support/hanging";

test("a wearable that hangs delays the first answers only; with its circuit open nobody waits, and who does not ask it never does", async () => {
  const { usual, first, open, alone, longestAlone } = await measureHanging(3, "WHOOP", ({ sleep }) => {
    expect(issuesOf(sleep)).toEqual(["WHOOP PROVIDER_UNAVAILABLE"]);
    const answered = new Set(sleep.bySource.map((one) => one["provider"]));
    expect(answered).toEqual(new Set(WEARABLES.filter((name) => name !== "WHOOP")));
  });
  const ratios = {
    open: open / usual,
    aloneWhileHanging: alone.first / alone.usual,
    aloneWhenOpen: alone.open / alone.usual,
  };
  console.log(`times of the usual: ${JSON.stringify(ratios)}`);
  for (const ratio of Object.values(ratios)) expect(ratio).toBeLessThan(3);
  expect(first).toBeGreaterThan(open);
  expect(first).toBeGreaterThan(longestAlone);
}, 120_000);
