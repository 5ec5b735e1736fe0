import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import type { WireDocument } from "../../providers/contract";
import { polar } from "../../providers/polar";
import { LAST_400_DAYS, pagesOf, somebody } from "./people";

const SHARED = join(__dirname, "../../../shared/wearables");
const OPENAPI = join(SHARED, "specs/polar/accesslink-v3-openapi.yml");
const EXAMPLES = join(SHARED, "recordings/polar/openwearables-test_polar_247.json");

const endpoint = (name: string) => polar.endpoints.find((entry) => entry.name === name)!;

if (!existsSync(OPENAPI)) {
  test("the vendor's OpenAPI description is not beside the checkout: synthetic answers were not held against it", () => {
    process.stdout.write("not run: no Polar OpenAPI description in ../shared/wearables\n");
    expect(existsSync(OPENAPI)).toBe(false);
  });
} else {
  describe("the adapter against the vendor's OpenAPI description", () => {
    const description = parse(readFileSync(OPENAPI, "utf8"));
    // The description writes examples under `example`, and XML beside JSON: neither concerns validation.
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema(description, "polar");
    const of = (name: string) => ajv.compile({ $ref: `polar#/components/schemas/${name}` });
    const fieldsOf = (name: string) => Object.keys(description.components.schemas[name].properties);
    const SCHEMAS = [
      ["sleep", "nights", "sleep"],
      ["nightly_recharge", "recharges", "nightly-recharge"],
      ["activity", "array-of-activity-summary-with-all-samples", "activity-summary"],
    ] as const;

    test("addresses, scope and registration are those described", () => {
      const { authorizationUrl, tokenUrl, scopes } =
        description.components.securitySchemes.OAuth2.flows.authorizationCode;
      expect(polar.oauth).toMatchObject({ authorizeUrl: authorizationUrl, tokenUrl, scopes: Object.keys(scopes) });
      expect(`${polar.apiUrl}/`).toBe(description.servers[0].url);
      for (const { request } of polar.endpoints) {
        const { method, path, query = {} } = request(LAST_400_DAYS, null);
        const described = description.paths[path][method.toLowerCase()];
        const parameters = (described.parameters ?? []).map((parameter: { name: string }) => parameter.name);
        expect(parameters).toEqual(expect.arrayContaining(Object.keys(query)));
      }
      const registration = polar.afterLink?.("4021177");
      expect(description.paths[registration?.path ?? ""].post).toBeDefined();
      expect(of("register")(registration?.json)).toBe(true);
      const { pathname } = new URL(polar.oauth.revocation?.url ?? "");
      expect(description.paths[decodeURI(pathname).replace("{vendorUserId}", "{user-id}")].delete).toBeDefined();
    });

    test.each(SCHEMAS)("%s: every answer of 400 days, with no field that is not described", (name, list, item) => {
      const validate = of(list);
      const documents: WireDocument[] = [];
      for (const seed of [1, 2]) {
        const pages = pagesOf(polar, endpoint(name), somebody({ seed, offsetMinutes: -210 }), LAST_400_DAYS, null);
        documents.push(...pages.flatMap((page) => page.documents));
      }
      expect(documents.length).toBeGreaterThan(700);
      const bodies = documents.map(({ raw }) => raw);
      validate(name === "activity" ? bodies : { [list]: bodies });
      expect(validate.errors ?? []).toEqual([]);
      const described = fieldsOf(item);
      const strange = bodies.flatMap((body) => Object.keys(body as object).filter((key) => !described.includes(key)));
      expect(strange).toEqual([]);
    });

    test("a document that breaks the description would be noticed", () => {
      const [page] = pagesOf(polar, endpoint("sleep"), somebody({}), LAST_400_DAYS, null);
      const validate = of("sleep");
      const document = page?.documents[0]?.raw as object;
      expect(validate(document)).toBe(true);
      expect(validate({ ...document, sleep_score: "72" })).toBe(false);
      expect(validate({ ...document, light_sleep: 12.5 })).toBe(false);
    });

    test("a registration is answered as described, refusals in the form of the described error", () => {
      const person = somebody({ vendorUserId: "4021177" });
      const rest = { query: {}, person, pageSize: null, grantedScopes: ["accesslink.read_all"], documents: () => [] };
      const asked = { ...rest, method: "POST", path: "/v3/users", form: { "member-id": "4021177" }, registered: false };
      const user = polar.synthetic.answer(asked)?.body as object;
      expect(of("user")(user)).toBe(true);
      expect(Object.keys(user).filter((key) => !fieldsOf("user").includes(key))).toEqual([]);
      const refused = polar.synthetic.answer({
        ...rest,
        method: "GET",
        path: "/v3/users/sleep",
        form: {},
        registered: false,
      });
      expect(refused?.status).toBe(403);
      expect(of("error")(refused?.body)).toBe(true);
    });
  });
}

if (!existsSync(EXAMPLES)) {
  test("examples of other people's clients are not beside the checkout: they were not read", () => {
    process.stdout.write("not run: no Polar examples in ../shared/wearables\n");
    expect(existsSync(EXAMPLES)).toBe(false);
  });
} else {
  describe("examples of people who run against the real service", () => {
    const payloads: readonly { test: string; payload: Record<string, unknown> }[] = JSON.parse(
      readFileSync(EXAMPLES, "utf8"),
    ).payloads;
    const example = (part: string) => payloads.find((entry) => entry.test.includes(part))?.payload;

    test("a night", () => {
      const page = endpoint("sleep").read({ nights: [example("SleepNormalization")] });
      expect(page.setAside).toEqual([]);
      expect(page.documents[0]?.records).toMatchObject([
        { kind: "sleep_score", day: "2024-01-15", score: 82 },
        {
          kind: "sleep_session",
          start: "2024-01-14T23:00:00+02:00",
          end: "2024-01-15T07:00:00+02:00",
          // The sum of the three stages, which the difference of night and interruptions must equal.
          asleepSeconds: 14_400 + 5400 + 7200,
          stages: [
            { stage: "AWAKE", end: "2024-01-14T23:30:00+02:00" },
            { stage: "LIGHT", end: "2024-01-15T00:30:00+02:00" },
            { stage: "DEEP", end: "2024-01-15T02:30:00+02:00" },
            { stage: "REM", end: "2024-01-15T04:00:00+02:00" },
            { stage: "LIGHT", end: "2024-01-15T07:00:00+02:00" },
          ],
        },
      ]);
    });

    test("a nightly recharge and a day of activity", () => {
      const recharge = endpoint("nightly_recharge").read({ recharges: [example("NightlyRecharge")] });
      expect(recharge.documents[0]?.records).toMatchObject([
        {
          kind: "readiness",
          day: "2024-01-15",
          score: null,
          ansCharge: 1.2,
          hrv: { milliseconds: 48, method: "RMSSD" },
        },
        { kind: "hrv", sessionKey: "2024-01-15", averageMilliseconds: 48 },
      ]);
      const activity = endpoint("activity").read([example("DailyActivity")]);
      expect(activity.documents[0]?.records).toMatchObject([
        { kind: "activity", day: "2024-01-15", steps: 9500, activeEnergyKilocalories: 420, distanceMeters: 7200 },
      ]);
    });
  });
}
