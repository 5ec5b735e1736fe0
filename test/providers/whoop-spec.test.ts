import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";
import { whoop } from "../../providers/whoop";
import { daysOf } from "../../src/domain/days";
import { documentsOf, LAST_400_DAYS, saidBy, somebody } from "./people";

const SHARED = join(__dirname, "../../../shared/wearables");
const OPENAPI = join(SHARED, "specs/whoop/whoop-v2-openapi.yml");
const EXAMPLES = join(SHARED, "recordings/whoop");

type Fields = Readonly<Record<string, unknown>>;

function send(path: string, query: Record<string, string> = {}, seed = 1) {
  const person = somebody({ seed, offsetMinutes: -210 });
  const answer = whoop.synthetic.answer({
    ...{ method: "GET", path, query, form: {}, person, pageSize: null, grantedScopes: whoop.oauth.defaultScopes },
    documents: (name, range) =>
      daysOf(range).flatMap((day) => documentsOf(whoop.synthetic, name, person, day, seed % 2)),
  });
  return JSON.parse(JSON.stringify(answer));
}

if (!existsSync(OPENAPI)) {
  test("the vendor's OpenAPI description is not beside the checkout: synthetic answers were not held against it", () => {
    process.stdout.write("not run: no WHOOP OpenAPI description in ../shared/wearables\n");
    expect(existsSync(OPENAPI)).toBe(false);
  });
} else {
  describe("synthetic answers against the vendor's OpenAPI description", () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    const description = parse(readFileSync(OPENAPI, "utf8"));
    ajv.addSchema(description, "whoop");
    const of = (name: string) => ajv.compile({ $ref: `whoop#/components/schemas/${name}` });
    const SCHEMAS: readonly (readonly [string, string, string])[] = [
      ["sleep", "Sleep", "PaginatedSleepResponse"],
      ["recovery", "Recovery", "RecoveryCollection"],
      ["cycle", "Cycle", "PaginatedCycleResponse"],
    ];

    test.each(SCHEMAS)("%s: every page of 400 days, with no field that is not described", (name, schema, list) => {
      const endpoint = whoop.endpoints.find((entry) => entry.name === name);
      if (!endpoint) throw new Error(`no endpoint ${name}`);
      const { path, query } = endpoint.request(LAST_400_DAYS, null);
      const described = description.components.schemas[schema].properties;
      const validate = of(list);
      for (const seed of [1, 2, 3]) {
        let count = 0;
        let nextToken: string | undefined;
        do {
          const { status, body } = send(path, { ...query, ...(nextToken ? { nextToken } : {}) }, seed);
          expect(status).toBe(200);
          validate(body);
          expect(validate.errors ?? []).toEqual([]);
          const strange = body.records.flatMap((record: Fields) =>
            Object.keys(record).filter((field) => !(field in described)),
          );
          expect(strange).toEqual([]);
          expect(
            body.records.every((record: Fields) => (record["score_state"] === "SCORED") === "score" in record),
          ).toBe(true);
          count += body.records.length;
          nextToken = body.next_token;
        } while (nextToken);
        expect(count).toBeGreaterThan(380);
      }
    });

    test("requests use the described parameters and paths", () => {
      for (const endpoint of whoop.endpoints) {
        const { path, query } = endpoint.request(LAST_400_DAYS, "next");
        const described = description.paths[path.replace("/developer", "")].get.parameters;
        expect(Object.keys(query ?? {}).sort()).toEqual(described.map(({ name }: Fields) => name).sort());
        expect(Number(query?.["limit"])).toBeLessThanOrEqual(described[0].schema.maximum);
      }
    });

    test("the profile has the described form", () => {
      const validate = of("UserBasicProfile");
      validate(send("/developer/v2/user/profile/basic").body);
      expect(validate.errors ?? []).toEqual([]);
    });

    test("a document that breaks the description would be noticed", () => {
      const validate = of("Sleep");
      const [document] = send("/developer/v2/activity/sleep").body.records;
      expect(validate(document)).toBe(true);
      expect(validate({ ...document, cycle_id: "2045600001" })).toBe(false);
      expect(validate({ ...document, score_state: "DONE" })).toBe(false);
    });
  });
}

if (!existsSync(EXAMPLES)) {
  test("the vendor's documented examples are not beside the checkout: they were not read", () => {
    process.stdout.write("not run: no WHOOP examples in ../shared/wearables\n");
    expect(existsSync(EXAMPLES)).toBe(false);
  });
} else {
  describe("documented examples", () => {
    const example = (part: string) => {
      const file = readdirSync(EXAMPLES).find((name) => name.includes(part)) ?? "";
      return JSON.parse(readFileSync(join(EXAMPLES, file), "utf8")).response.body;
    };
    const read = (name: string, body: unknown) => {
      const page = whoop.endpoints.find((entry) => entry.name === name)?.read(body);
      expect(page?.setAside).toEqual([]);
      return page?.documents.map(saidBy);
    };

    test("a sleep is read field by field", () => {
      expect(read("sleep", example("list-sleep"))).toEqual([
        [
          expect.objectContaining({
            ...{ kind: "sleep_session", day: "2026-05-25", nature: "night", cycleKey: "93845" },
            ...{ start: "2026-05-24T19:18:00-04:00", end: "2026-05-25T02:51:00-04:00", inBedSeconds: 27_180 },
            ...{ asleepSeconds: 25_800, awakeSeconds: 1380, lightSeconds: 13_560, deepSeconds: 6120, remSeconds: 6120 },
            ...{ efficiencyPercent: 94.9, breathsPerMinute: 15.86, stages: [] },
          }),
          expect.objectContaining({ kind: "sleep_score", day: "2026-05-25", score: 94.1 }),
        ],
      ]);
    });

    test("a recovery is read field by field", () => {
      const key = "123e4567-e89b-12d3-a456-426614174000";
      expect(read("recovery", { records: [example("get-recovery")] })).toEqual([
        [
          expect.objectContaining({
            ...{ kind: "readiness", key, score: 72.5, restingHeartRateBpm: 51.2, spo2Percent: 96.7 },
            ...{ skinTemperatureCelsius: 33.4, hrv: { milliseconds: 68.4, method: "RMSSD" } },
          }),
          { kind: "hrv", key, sessionKey: key, method: "RMSSD", averageMilliseconds: 68.4, samples: [] },
        ],
      ]);
    });
  });
}
