import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";
import type { Endpoint, Page } from "../../providers/contract";
import { withings } from "../../providers/withings";
import { daysOf } from "../../src/domain/days";
import { epochSeconds } from "../../src/domain/instants";
import type { ActivityRecord, RecordKind, WearableRecord } from "../../src/domain/records";
import { LAST_400_DAYS, pagesOf, somebody } from "./people";

const SHARED = join(__dirname, "../../../shared/wearables");
const OPENAPI = join(SHARED, "specs/withings/withings-openapi.yml");
const RECORDINGS = join(SHARED, "recordings/withings");
/** Fields that only other people's notes name: the stand-in gives them so that both methods can be tried. */
const UNDESCRIBED = ["rmssd", "sdnn_1"];

type Row = Readonly<Record<string, unknown>>;
const endpoint = (name: string) => withings.endpoints.find((entry) => entry.name === name) as Endpoint;
const only = <K extends RecordKind>(page: Page, kind: K) =>
  page.documents.flatMap(({ records }) => records).filter((record) => record.kind === kind) as Extract<
    WearableRecord,
    { kind: K }
  >[];

if (!existsSync(OPENAPI)) {
  test("the vendor's OpenAPI description is not beside the checkout: synthetic answers were not held against it", () => {
    process.stdout.write("not run: no Withings OpenAPI description in ../shared/wearables\n");
    expect(existsSync(OPENAPI)).toBe(false);
  });
} else {
  describe("synthetic answers and requests against the vendor's OpenAPI description", () => {
    const description = parse(readFileSync(OPENAPI, "utf8"));
    const operations = Object.entries<{ post?: { operationId: string; parameters: { name: string }[] } }>(
      description.paths,
    );
    const { sleep_summary_object, activity_object } = description.components.schemas;
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    const CASES = [
      ["sleep_summary", "sleepv2-getsummary", sleep_summary_object],
      ["activity", "measurev2-getactivity", activity_object],
    ] as const;

    test.each(CASES)("%s: every document of 400 days, with no field that is not described", (name, _id, schema) => {
      const validate = ajv.compile(schema);
      for (const seed of [1, 2]) {
        const person = somebody({ seed, offsetMinutes: 330 });
        const rows = daysOf(LAST_400_DAYS).flatMap((day) => withings.synthetic.documents(name, person, day, seed % 2));
        expect(rows.length).toBeGreaterThan(350);
        const strange = (rows as Row[]).flatMap((row) => {
          validate(row);
          expect(validate.errors ?? []).toEqual([]);
          const inside = Object.keys((row["data"] as object) ?? {});
          return [
            ...Object.keys(row).filter((field) => !(field in schema.properties)),
            ...inside.filter((field) => !(field in schema.properties.data.properties)),
          ];
        });
        expect([...new Set(strange)].sort()).toEqual(name === "sleep_summary" ? UNDESCRIBED : []);
      }
    });

    test.each(CASES)(
      "%s: the request goes to the described address with described parameters and fields",
      (name, id) => {
        const [path, operation] = operations.find(([, { post }]) => post?.operationId === id) ?? ["", {}];
        const asked = endpoint(name).request(LAST_400_DAYS, null);
        expect(`${withings.apiUrl}${asked.path}`).toBe(path.trim());
        const described = new Map(operation.post?.parameters.map((parameter) => [parameter.name, parameter]));
        expect(Object.keys(asked.form ?? {}).filter((parameter) => !described.has(parameter))).toEqual([]);
        expect(JSON.stringify(described.get("action"))).toContain(`\`\`\`${asked.form?.["action"]}\`\`\``);
        const fields = JSON.stringify(described.get("data_fields"));
        const unknown = asked.form?.["data_fields"]?.split(",").filter((field) => !fields.includes(`<br>${field}<br>`));
        expect(unknown).toEqual(name === "sleep_summary" ? UNDESCRIBED : []);
      },
    );

    test("the answer's envelope is the described one", () => {
      const operation = operations.find(([, { post }]) => post?.operationId === "measurev2-getactivity")?.[1] as {
        post?: { responses?: Record<string, { content: Record<string, { schema: { properties: { body: Row } } }> }> };
      };
      const body = operation.post?.responses?.["200"]?.content["application/json"]?.schema.properties.body as Row;
      expect(Object.keys(body["properties"] as object)).toEqual(["activities", "more", "offset"]);
      const pages = pagesOf(withings, endpoint("activity"), somebody({}), LAST_400_DAYS, null);
      expect(pages.map(({ cursor }) => cursor)).toEqual(["200", null]);
    });

    test("a document that breaks the description would be noticed", () => {
      const [page] = pagesOf(withings, endpoint("sleep_summary"), somebody({}), LAST_400_DAYS, null);
      const validate = ajv.compile(sleep_summary_object);
      const row = page?.documents[0]?.raw as Row;
      expect(validate(row)).toBe(true);
      expect(validate({ ...row, startdate: "2026-11-01" })).toBe(false);
      expect(validate({ ...row, data: { total_timeinbed: "long" } })).toBe(false);
    });
  });
}

if (!existsSync(RECORDINGS)) {
  test("the vendor's recorded answers are not beside the checkout: they were not read", () => {
    process.stdout.write("not run: no recorded Withings answers in ../shared/wearables\n");
    expect(existsSync(RECORDINGS)).toBe(false);
  });
} else {
  const recorded = (file: string) => JSON.parse(readFileSync(join(RECORDINGS, file), "utf8"));
  const example = (name: string) => recorded(`apievangelist-withings-${name}-example.json`).value;

  describe("recorded answers and documentation examples", () => {
    test.each([
      ["aiowithings-activity.json", recorded("aiowithings-activity.json")],
      ["the example of a day's activity", example("activity")],
    ])("%s is read field by field", (_name, answer) => {
      const page = endpoint("activity").read(answer);
      expect(page).toMatchObject({ setAside: [], cursor: null });
      const rows: Row[] = answer.body.activities;
      expect(only(page, "activity")).toEqual(
        rows.map(
          (row): Partial<ActivityRecord> => ({
            kind: "activity",
            key: row["date"] as string,
            day: row["date"] as ActivityRecord["day"],
            at: `${row["date"]}T12:00:00+02:00` as NonNullable<ActivityRecord["at"]>,
            score: null,
            contributors: [],
            steps: row["steps"] as number,
            distanceMeters: row["distance"] as number,
            equivalentWalkingDistanceMeters: null,
            activeEnergyKilocalories: row["calories"] as number,
            totalEnergyKilocalories: row["totalcalories"] as number,
            highActivitySeconds: row["intense"] as number,
            mediumActivitySeconds: row["moderate"] as number,
            lowActivitySeconds: row["soft"] as number,
            sedentarySeconds: null,
            restingSeconds: null,
            nonWearSeconds: null,
            inactivityAlerts: null,
          }),
        ),
      );
    });

    test("the example of a sleep summary is read field by field, but for an efficiency that is no ratio", () => {
      const answer = example("sleep-summary");
      const page = endpoint("sleep_summary").read(answer);
      const [row] = answer.body.series;
      expect(page).toMatchObject({ setAside: [], cursor: null, documents: [{ id: String(row.id) }] });
      const [session] = only(page, "sleep_session");
      expect(session).toMatchObject({
        key: String(row.id),
        day: row.date,
        inBedSeconds: row.data.total_timeinbed,
        asleepSeconds: row.data.total_sleep_time,
        awakeSeconds: row.data.wakeupduration,
        lightSeconds: row.data.lightsleepduration,
        deepSeconds: row.data.deepsleepduration,
        remSeconds: row.data.remsleepduration,
        latencySeconds: row.data.sleep_latency,
        efficiencyPercent: null,
        averageHeartRateBpm: row.data.hr_average,
        lowestHeartRateBpm: row.data.hr_min,
        averageHrv: null,
        breathsPerMinute: row.data.rr_average,
      });
      expect(session && [epochSeconds(session.start), epochSeconds(session.end!)]).toEqual([
        row.startdate,
        row.enddate,
      ]);
      expect(session?.start.slice(-6)).toBe("+02:00");
      expect([...only(page, "hrv"), ...only(page, "sleep_score")]).toEqual([]);
    });

    test("the example of a token answer is none of a refusal and names the account", () => {
      const answer = example("oauth2-token");
      const { tokenAnswerUnder = "", tokenRefusal, scopeSeparator = " ", scopes } = withings.oauth;
      expect(tokenRefusal?.(answer)).toBeNull();
      const granted = answer[tokenAnswerUnder].scope.split(scopeSeparator);
      expect(granted.filter((scope: string) => !scopes.includes(scope))).toEqual([]);
      expect(withings.identity.from === "token" && answer[tokenAnswerUnder][withings.identity.field]).toBe("12345678");
    });

    test.each(["aiowithings-no_goals.json", "aiowithings-notify_revoke.json"])(
      "%s is no failure, and no data",
      (file) => {
        expect(withings.bodyFailure?.(recorded(file))).toBeNull();
        expect(() => endpoint("activity").read(recorded(file))).toThrow("body.activities");
      },
    );
  });
}
