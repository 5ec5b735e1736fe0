import fc from "fast-check";
import { joinAbsences } from "../../../src/domain/absences";
import type { DailyAnswer, DailyQuestion, SourcedDay } from "../../../src/domain/answers";
import { chooseDays } from "../../../src/domain/choice";
import type { DailyValue } from "../../../src/domain/daily";
import { addDays, civilDay, daysOf } from "../../../src/domain/days";
import { RememberedDays } from "../../../src/services/reading/remembered";

const FIRST = civilDay("2026-03-01");
const POLICY = { query: null, person: null, operator: null, order: ["acme", "zeta"] };

/** What is stored, told by a person's data version: every third day has no record, every fifth two. */
class Stored {
  now = 1_000;
  reads = 0;
  issues: DailyAnswer["issues"] = [];
  freshForSeconds = 600;
  confirmed = true;
  readonly versions = new Map<string, string>();
  /** Called while a read is under way. */
  meanwhile: () => void = () => undefined;

  readonly remembered = new RememberedDays({
    reading: { read: async (personId, questions) => this.read(personId, questions) },
    versions: {
      current: async (personId) => ({ version: this.versions.get(personId) ?? "1", confirmed: this.confirmed }),
      seen: (personId) => this.versions.get(personId) ?? "1",
      learned: () => undefined,
    },
    telemetry: { answered: () => undefined },
    now: () => this.now,
  });

  wait(seconds: number): undefined {
    this.now += seconds;
  }

  loseDatabase(): undefined {
    this.confirmed = false;
  }

  read(personId: string, questions: readonly DailyQuestion[]): readonly DailyAnswer[] {
    this.reads += 1;
    this.meanwhile();
    return questions.map((question) => this.answer(personId, question));
  }

  answer(personId: string, question: DailyQuestion): DailyAnswer {
    const version = this.versions.get(personId) ?? "1";
    const days = daysOf(question.range);
    const asked = question.providers ?? ["acme", "zeta"];
    const bySource: SourcedDay[] = [];
    const absent = [];
    for (const day of days) {
      const number = Number(day.slice(8));
      for (const provider of asked) {
        const has = provider === "acme" ? number % 3 !== 0 : number % 5 === 0;
        const value = {
          metric: question.metric,
          day,
          fetchedAt: 0,
          completeness: "FINAL",
          of: `${personId} ${version}`,
        };
        if (has) bySource.push({ provider, value: value as unknown as DailyValue });
        else absent.push({ day, provider, reason: "PROVIDER_HAS_NONE" as const });
      }
    }
    const resolutions = chooseDays(bySource, asked, POLICY);
    const nodes = resolutions.map(({ winner }) => winner);
    const freshUntil = this.now + this.freshForSeconds;
    return { nodes, resolutions, bySource, absences: joinAbsences(absent), issues: this.issues, freshUntil };
  }

  async ask(personId: string, ...questions: DailyQuestion[]): Promise<readonly DailyAnswer[]> {
    return this.remembered.read(personId, questions);
  }
}

function question(from: number, days: number, more: Partial<DailyQuestion> = {}): DailyQuestion {
  const start = addDays(FIRST, from);
  const range = { start, end: addDays(start, days - 1) };
  return { metric: "SLEEP", range, providers: null, maxAgeSeconds: null, method: null, prefer: null, ...more };
}

test("whatever was asked before, an answer is the one that the stores give", async () => {
  const step = fc.record({
    person: fc.constantFrom("ada", "bob"),
    from: fc.nat(40),
    days: fc.integer({ min: 1, max: 12 }),
    metric: fc.constantFrom("SLEEP" as const, "ACTIVITY" as const),
    providers: fc.constantFrom(null, ["zeta"]),
    wait: fc.constantFrom(0, 0, 0, 700),
    rises: fc.constantFrom(false, false, true),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const stored = new Stored();
      for (const { person, from, days, metric, providers, wait, rises } of steps) {
        stored.now += wait;
        if (rises) stored.versions.set(person, String(Number(stored.versions.get(person) ?? "1") + 1));
        const asked = question(from, days, { metric, providers });
        const [got] = await stored.ask(person, asked);
        const { freshUntil: _until, ...wanted } = stored.answer(person, asked);
        const { freshUntil, ...rest } = got as DailyAnswer;
        expect(rest).toEqual(wanted);
        expect(freshUntil).toBeGreaterThan(stored.now);
      }
    }),
  );
});

describe("how often the stores are read", () => {
  let stored: Stored;
  beforeEach(() => {
    stored = new Stored();
  });

  test("twice for what was answered before, another range of the same days among it, with the same objects", async () => {
    await stored.ask("ada", question(3, 5));
    const [whole] = await stored.ask("ada", question(0, 30));
    const [part] = await stored.ask("ada", question(5, 10));
    expect(stored.reads).toBe(2);
    expect(whole?.resolutions).toContain(part?.resolutions[0]);
  });

  test.each<[string, (stored: Stored) => [string, DailyQuestion] | undefined]>([
    ["another person asks", () => ["bob", question(0, 5)]],
    ["the data have changed", ({ versions }) => void versions.set("ada", "2")],
    ["the time is over", (all) => all.wait(600)],
    ["other providers are asked", () => ["ada", question(0, 5, { providers: ["acme"] })]],
    ["another order is preferred", () => ["ada", question(0, 5, { prefer: ["zeta"] })]],
    ["another age is allowed", () => ["ada", question(0, 5, { maxAgeSeconds: 60 })]],
    ["another method is asked", () => ["ada", question(0, 5, { metric: "HRV", method: "SDNN" })]],
    ["one more day is asked", () => ["ada", question(0, 6)]],
    ["the version cannot be confirmed", (all) => all.loseDatabase()],
  ])("again where %s", async (_what, change) => {
    await stored.ask("ada", question(0, 5));
    await stored.ask("ada", question(0, 5));
    const [person, asked] = change(stored) ?? ["ada", question(0, 5)];
    await stored.ask(person, asked);
    expect(stored.reads).toBe(3);
  });

  test.each<[string, (stored: Stored) => void]>([
    [
      "had issues",
      (all) => {
        all.issues = [{ provider: "acme", code: "STALE_DATA", message: "old", retryAt: null }];
      },
    ],
    [
      "is not fresh",
      (all) => {
        all.freshForSeconds = 0;
      },
    ],
    [
      "was read while the data changed",
      (all) => {
        all.meanwhile = () => all.versions.set("ada", "2");
      },
    ],
  ])("again where what was answered %s", async (_what, prepare) => {
    await stored.ask("ada", question(0, 5));
    prepare(stored);
    await stored.ask("ada", question(0, 5));
    stored.versions.set("ada", "1");
    stored.meanwhile = () => undefined;
    await stored.ask("ada", question(0, 5));
    expect(stored.reads).toBe(3);
  });
});

test("what one person's metric remembers is bounded, the days asked last stay", async () => {
  const stored = new Stored();
  for (let from = 0; from <= 300; from += 30) await stored.ask("ada", question(from, 30));
  await stored.ask("ada", question(300, 30));
  expect(stored.reads).toBe(11);
  await stored.ask("ada", question(30, 30));
  expect(stored.reads).toBe(12);
});
