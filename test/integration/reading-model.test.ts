import fc from "fast-check";
import { addDays, type CivilDay, daysOf } from "../../src/domain/days";
import { night } from "../support/reading-vendor";
import { allMetrics, around, codes, type Gateway, type Someone, TODAY, told, World } from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

const SPAN = 12;
type Step =
  | {
      readonly kind: "read";
      readonly gateway: number;
      readonly from: number;
      readonly length: number;
      readonly now: boolean;
    }
  | { readonly kind: "put"; readonly id: number; readonly day: number; readonly value: number }
  | { readonly kind: "remove"; readonly id: number }
  | { readonly kind: "fault"; readonly fault: number }
  | { readonly kind: "age" };

const day = fc.nat({ max: SPAN - 1 });
const id = fc.nat({ max: 5 });
const read = fc.record({
  kind: fc.constant("read" as const),
  gateway: fc.nat({ max: 1 }),
  from: day,
  length: fc.integer({ min: 1, max: 6 }),
  now: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: read },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("put" as const), id, day, value: fc.integer({ min: 1, max: 999 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fault" as const), fault: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("age" as const) }) },
);

const dayAt = (index: number): CivilDay => addDays(TODAY, index - SPAN + 1);

/** What goes wrong at the vendor: nothing, all, an endpoint, a page that is no JSON, further pages, one document. */
function setFault(fault: number): void {
  world.vendor.script = (call) => {
    if (fault === 1) return { status: 500, body: "" };
    if (fault === 2 && call.endpoint === "sleep") return { body: "<html>" };
    if (fault === 3 && call.cursor !== null) return { body: '{"items":[' };
    if (fault === 4 && call.endpoint === "activity") return { status: 404, body: "" };
    if (fault === 5) {
      const page = world.vendor.page(call);
      const [first, ...others] = page.items;
      return first ? { body: JSON.stringify({ ...page, items: [{ ...first, value: "?" }, ...others] }) } : undefined;
    }
    return undefined;
  };
}

/** What each of the vendor's documents of a day says. */
function valuesOf(someone: Someone, metric: "ACTIVITY" | "HRV", of: CivilDay): number[] {
  const documents = someone.data.of(metric === "HRV" ? "sleep" : "activity").filter((one) => one.day === of);
  return documents.map((one) => Number(one.value));
}

/** The vendor's data by day, as an answer should tell them: activity by its newest key, HRV by the longest night. */
function truth(someone: Someone, metric: "ACTIVITY" | "HRV", of: CivilDay): number | "PROVIDER_HAS_NONE" {
  const values = valuesOf(someone, metric, of);
  return values.length === 0 ? "PROVIDER_HAS_NONE" : Math.max(...values);
}

/** One document a day in activity (its id is the day's), any number of nights a day; a put moves a night. */
function put(someone: Someone, { id, day, value }: Extract<Step, { kind: "put" }>): void {
  someone.data.put("activity", { id: `a${day}`, day: dayAt(day), value });
  const bedtime = night(dayAt(day), value, `n${id}`);
  someone.data.put("sleep", { ...bedtime, value: value * 10 + id });
}

async function age(someone: Someone): Promise<void> {
  for (const [table, column] of [
    ["coverage_days", "checked_at"],
    ["fetches", "started_at"],
  ]) {
    await world.rows(`UPDATE ${table} SET ${column} = ${column} - interval '2 days' WHERE person_id = $1`, [
      someone.person.id,
    ]);
  }
}

test("whatever happens, an answer that is asked for now is the truth or says that it is not; a fault leaves nothing that looks known", async () => {
  const { database } = world.at;
  let reads = 0;
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
      // Gateways of their own: what one run leaves in them would answer for another.
      await world.reset();
      const gateways: Gateway[] = [await world.gateway({ database }), await world.gateway({ database })];
      const someone = await world.someone();
      world.vendor.pageSize = 2;
      // When each day was last true: what a read may still say without an issue.
      const past = new Map<string, Set<number | string>>();
      // What it may say of the nights that could be read, with the issue that others could not.
      const readable = new Map<string, Set<number | string>>();
      const remember = () => {
        for (const one of daysOf(around(1 - SPAN, 0))) {
          for (const metric of ["ACTIVITY", "HRV"] as const) {
            const key = `${metric} ${one}`;
            past.set(key, (past.get(key) ?? new Set()).add(truth(someone, metric, one)));
            readable.set(key, new Set([...(readable.get(key) ?? []), ...valuesOf(someone, metric, one)]));
          }
        }
      };
      remember();
      for (const one of [...steps, { kind: "fault", fault: 0 } as const, ...finalReads]) {
        if (one.kind === "put") put(someone, one);
        else if (one.kind === "remove") someone.data.remove("sleep", `n${one.id}`);
        else if (one.kind === "fault") setFault(one.fault);
        else if (one.kind === "age") await age(someone);
        else {
          const range = { start: dayAt(one.from), end: dayAt(Math.min(SPAN - 1, one.from + one.length - 1)) };
          const questions = allMetrics(range, one.now ? { maxAgeSeconds: 0 } : {}).slice(2);
          const answers = await gateways[one.gateway]!.ask(someone, ...questions);
          for (const [index, metric] of (["ACTIVITY", "HRV"] as const).entries()) {
            reads += 1;
            const issues = codes(answers[index]!);
            for (const [when, value] of Object.entries(told(answers[index]!))) {
              const right = truth(someone, metric, when as CivilDay);
              if (value === "ERROR") expect(issues).not.toEqual([]);
              else if (one.now && issues.length === 0) expect([when, metric, value]).toEqual([when, metric, right]);
              else {
                const parts = issues.includes("PROVIDER_RESPONSE_INVALID") ? readable.get(`${metric} ${when}`)! : [];
                expect([...past.get(`${metric} ${when}`)!, ...parts]).toContain(value);
              }
            }
            if (issues.length === 0) whole += 1;
          }
        }
        remember();
      }
    }),
    { numRuns: 60 },
  );
  console.log(`model: ${reads} answers compared with the truth, ${whole} of them without an issue`);
  expect(whole).toBeGreaterThan(reads / 3);
}, 180_000);

/** Once the vendor is well again, both gateways tell the truth. */
const finalReads: readonly Step[] = [0, 1].map((gateway) => ({
  kind: "read",
  gateway,
  from: 0,
  length: SPAN,
  now: true,
}));
