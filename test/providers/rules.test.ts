import { providers } from "../../providers/registry";
import { breakages } from "./broken";
import { webhookBreakages } from "./broken-webhooks";
import { rules } from "./rules";
import { loadSubject } from "./subject";

/** The breakages are made to break this one. */
const slug = "oura";
const sound = loadSubject(slug, providers);
const broken = [...breakages(sound), ...webhookBreakages(sound)];

describe("the rules find what they are for", () => {
  test("every rule is proven by a fault", () => {
    expect([...new Set(broken.map(({ rule }) => rule))]).toEqual(rules.map(({ number }) => number));
  });

  test.each(broken.map((breakage) => [breakage.rule, breakage.name, breakage.broken] as const))(
    "rule %i fails on: %s",
    (number, _name, subject) => {
      expect(rules.find((rule) => rule.number === number)?.check(subject)).not.toEqual([]);
    },
  );

  test("a folder that nobody registered stops the suite", () => {
    expect(() => loadSubject(slug, [])).toThrow(`providers/${slug} is not in providers/registry.ts`);
  });
});
