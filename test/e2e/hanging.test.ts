import { issuesOf, WEARABLES } from "../support/four-wearables";
import { measureHanging } from "../support/hanging";

test("a wearable that hangs delays the first answers only; with its circuit open nobody waits, and who does not ask it never does", async () => {
  const { usual, first, open, alone, longestAlone } = await measureHanging(3, "WHOOP", ({ sleep }) => {
    expect(issuesOf(sleep)).toEqual(["WHOOP PROVIDER_UNAVAILABLE"]);
    const answered = new Set(sleep.bySource.map((one) => one["provider"]));
    expect(answered).toEqual(new Set(WEARABLES.filter((name) => name !== "WHOOP")));
  });
  // Of an answer that waited. The machine may be busy: what counts is that nothing else takes as long as the waiting does.
  const ratios = { open: open / first, aloneWhileHanging: alone.first / first, aloneWhenOpen: alone.open / first };
  console.log(`usual ${Math.round((100 * usual) / first)} % of a first answer's time; ${JSON.stringify(ratios)}`);
  for (const ratio of Object.values(ratios)) expect(ratio).toBeLessThan(0.7);
  expect(longestAlone).toBeLessThan(first);
}, 120_000);
