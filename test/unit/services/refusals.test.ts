import { Refusals } from "../../../src/services/fetching/refusals";

const NOW = 1_790_000_000;

/** What a provider that refuses everything and asks for one second each time gets to see: when it is asked, in seconds from the first. */
function asked(refusals: Refusals, times: number, retryAfter: number): number[] {
  const seen: number[] = [];
  for (let at = NOW; seen.length < times; ) {
    seen.push(at - NOW);
    at = refusals.after("acme", at, at + retryAfter, at);
  }
  return seen;
}

test("a provider that refuses for ever is asked less and less often, at most once a minute", () => {
  expect(asked(new Refusals(), 10, 1)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test("what the provider asks for is never cut", () => {
  expect(asked(new Refusals(), 4, 300)).toEqual([0, 300, 600, 900]);
});

test("requests that were refused together count as one", () => {
  const refusals = new Refusals();
  for (let one = 0; one < 8; one++) expect(refusals.after("acme", NOW, NOW + 1, NOW + one / 10)).toBe(NOW + 1);
  expect(refusals.after("acme", NOW + 1, NOW + 2, NOW + 1)).toBe(NOW + 3);
  // One of them is told to wait longer: for all of them.
  expect(refusals.after("acme", NOW + 1, NOW + 30, NOW + 1)).toBe(NOW + 30);
  expect(refusals.after("acme", NOW + 1, NOW + 2, NOW + 1)).toBe(NOW + 30);
});

test("a good answer to what was sent after the wait ends it; one to what was sent before does not", () => {
  const refusals = new Refusals();
  for (const [at, until] of [
    [NOW, NOW + 1],
    [NOW + 1, NOW + 3],
  ] as const) {
    expect(refusals.after("acme", at, at + 1, at)).toBe(until);
  }
  refusals.answered("acme", NOW + 2);
  expect(refusals.after("acme", NOW + 3, NOW + 4, NOW + 3)).toBe(NOW + 7);
  refusals.answered("acme", NOW + 7);
  expect(refusals.after("acme", NOW + 8, NOW + 9, NOW + 8)).toBe(NOW + 9);
});

test("one key's refusals are not another's", () => {
  const refusals = new Refusals();
  refusals.after("acme", NOW, NOW + 1, NOW);
  expect(refusals.after("acme:account", NOW + 1, NOW + 2, NOW + 1)).toBe(NOW + 2);
});
