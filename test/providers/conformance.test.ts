import { providers } from "../../providers/registry";
import { rules, waiverProblems, waivers } from "./rules";
import { loadSubject, wearableFolders } from "./subject";

const slugs = wearableFolders();
const subjects = new Map(slugs.map((slug) => [slug, loadSubject(slug, providers)]));
const outcomes = new Map<string, readonly string[]>();

/** What a rule finds at a wearable, found out once; undefined where there is no such rule or wearable. */
function outcome(slug: string, number: number): readonly string[] | undefined {
  const subject = subjects.get(slug);
  const rule = rules.find((entry) => entry.number === number);
  if (!subject || !rule) return undefined;
  const found = outcomes.get(`${slug} ${number}`) ?? rule.check(subject);
  outcomes.set(`${slug} ${number}`, found);
  return found;
}

describe("conformance of the wearables", () => {
  test("there is a wearable, every folder is registered and everything registered has a folder", () => {
    expect(slugs.length).toBeGreaterThan(0);
    expect(providers.map(({ slug }) => slug).sort()).toEqual([...slugs].sort());
  });

  test("rules are numbered without a gap", () => {
    expect(rules.map(({ number }) => number)).toEqual(rules.map((_, index) => index + 1));
  });

  describe.each(slugs)("%s", (slug) => {
    test.each(rules.map(({ number, name }) => ({ number, name })))("$number $name", ({ number }) => {
      const waived = waivers.some((waiver) => waiver.slug === slug && waiver.rule === number);
      if (waived) console.warn(`waived: ${slug} × rule ${number}`);
      else expect(outcome(slug, number)?.slice(0, 20)).toEqual([]);
    });
  });

  test("waivers have a reason and are still needed", () => {
    expect(waiverProblems(waivers, outcome)).toEqual([]);
  });

  test("stale, unfounded and unknown waivers are found", () => {
    const problems = (slug: string, rule: number) =>
      slug === "a" && rule < 3 ? (rule === 1 ? [] : ["wrong"]) : undefined;
    const waiver = (slug: string, rule: number, reason = "the vendor has no such thing") => ({ slug, rule, reason });
    expect(waiverProblems([waiver("a", 2)], problems)).toEqual([]);
    expect(waiverProblems([waiver("a", 1), waiver("a", 2, " "), waiver("a", 9), waiver("b", 1)], problems)).toEqual([
      "a × 1: no longer needed",
      "a × 2: no reason is given",
      "a × 9: there is no such wearable or rule",
      "b × 1: there is no such wearable or rule",
    ]);
  });

  afterAll(() => {
    const mark = (slug: string, number: number) => {
      const found = outcomes.get(`${slug} ${number}`);
      return found === undefined ? "not run" : found.length === 0 ? "ok" : "FAILS";
    };
    const table = rules.map(({ number, name }) =>
      [
        String(number).padStart(2),
        ...slugs.map((slug) => mark(slug, number).padEnd(Math.max(slug.length, 5))),
        name,
      ].join("  "),
    );
    process.stdout.write([`    ${slugs.map((slug) => slug.padEnd(5)).join("  ")}  rule`, ...table, ""].join("\n"));
  });
});
