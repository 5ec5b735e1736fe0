import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import type { Endpoint } from "../../providers/contract";
import { oura } from "../../providers/oura";
import { daysOf } from "../../src/domain/days";
import type { WearableRecord } from "../../src/domain/records";
import { LAST_400_DAYS, pagesOf, somebody } from "./people";

const SHARED = join(__dirname, "../../../shared/wearables");
const RECORDINGS = join(SHARED, "recordings/oura");
const OPENAPI = join(SHARED, "specs/oura/openapi-1.41.reconstructed.json");

/** A document as the vendor wrote it, with the fields whose types the checks rely on. */
interface Raw {
  readonly id: string;
  readonly bedtime_start: string;
  readonly bedtime_end: string;
  readonly sleep_phase_5_min: string;
  readonly hrv: { readonly interval: number; readonly items: readonly (number | null)[]; readonly timestamp: string };
  readonly [field: string]: unknown;
}
interface Exchange {
  readonly request: { readonly url: string };
  readonly response: { readonly status: number; readonly body: Raw & { readonly data?: readonly Raw[] } };
}
interface Recorded {
  readonly file: string;
  readonly endpoint: Endpoint;
  readonly documents: readonly Raw[];
  readonly body: unknown;
}

/** The recorded answers of our endpoints: lists as they came, single documents in the envelope of a list. */
function recordings(): Recorded[] {
  return readdirSync(RECORDINGS).flatMap((file) =>
    JSON.parse(readFileSync(join(RECORDINGS, file), "utf8")).flatMap(({ request, response }: Exchange) => {
      const name = new URL(request.url).pathname.split("/")[3];
      const endpoint = oura.endpoints.find((entry) => entry.name === name);
      if (!endpoint || response.status !== 200) return [];
      const documents = response.body.data ?? [response.body];
      return [
        { file, endpoint, documents, body: { data: documents, next_token: response.body["next_token"] ?? null } },
      ];
    }),
  );
}

const seconds = (text: string) => Math.floor(Date.parse(text) / 1000);

/** Own-field by own-field: what each record must hold, computed from the raw document by other means than the adapter's. */
function expectRecords(name: string, raw: Raw, records: readonly WearableRecord[]): void {
  const [record] = records;
  if (!record) throw new Error(`${name}: no record`);
  expect(record).toMatchObject({ key: raw.id, day: raw["day"] });
  if ("contributors" in record) {
    const native = Object.fromEntries(record.contributors.map(({ nativeKey, score }) => [nativeKey, score]));
    expect(native).toEqual(raw["contributors"]);
    expect(record.contributors.every(({ key, nativeKey }) => key === nativeKey)).toBe(true);
    expect(record.score).toBe(raw["score"]);
  }
  if (name === "daily_readiness") {
    expect(record).toMatchObject({
      temperatureDeviationCelsius: raw["temperature_deviation"],
      temperatureTrendDeviationCelsius: raw["temperature_trend_deviation"],
    });
  }
  if (name === "daily_activity") {
    expect(record).toMatchObject({
      steps: raw["steps"],
      distanceMeters: null,
      equivalentWalkingDistanceMeters: raw["equivalent_walking_distance"],
      activeEnergyKilocalories: raw["active_calories"],
      totalEnergyKilocalories: raw["total_calories"],
      highActivitySeconds: raw["high_activity_time"],
      mediumActivitySeconds: raw["medium_activity_time"],
      lowActivitySeconds: raw["low_activity_time"],
      sedentarySeconds: raw["sedentary_time"],
      restingSeconds: raw["resting_time"],
      nonWearSeconds: raw["non_wear_time"],
      inactivityAlerts: raw["inactivity_alerts"],
    });
  }
  if (name === "sleep") expectSleep(raw, records);
}

function expectSleep(raw: Raw, records: readonly WearableRecord[]): void {
  const [session, hrv] = records;
  if (session?.kind !== "sleep_session" || hrv?.kind !== "hrv") throw new Error("expected a session and its HRV");
  expect(session).toMatchObject({
    nature: raw["type"] === "long_sleep" ? "night" : "nap",
    start: raw.bedtime_start,
    end: raw.bedtime_end,
    inBedSeconds: raw["time_in_bed"],
    asleepSeconds: raw["total_sleep_duration"],
    awakeSeconds: raw["awake_time"],
    lightSeconds: raw["light_sleep_duration"],
    deepSeconds: raw["deep_sleep_duration"],
    remSeconds: raw["rem_sleep_duration"],
    latencySeconds: raw["latency"],
    efficiencyPercent: raw["efficiency"],
    averageHeartRateBpm: raw["average_heart_rate"],
    lowestHeartRateBpm: raw["lowest_heart_rate"],
    averageHrv: { milliseconds: raw["average_hrv"], method: "RMSSD" },
    breathsPerMinute: raw["average_breath"],
  });
  const from = seconds(raw.bedtime_start);
  const length = seconds(raw.bedtime_end) - from;
  // One letter for each second that the vendor's digits cover, and the same from our spans.
  const told = [...raw.sleep_phase_5_min].map((digit) => "-DLRA"[Number(digit)]?.repeat(300)).join("");
  const ours = session.stages
    .map(({ stage, start, end }) => stage.charAt(0).repeat(seconds(end) - seconds(start)))
    .join("");
  expect(ours).toBe(told.slice(0, length));
  expect(session.stages.every(({ start, end }) => start.endsWith("+02:00") && end.endsWith("+02:00"))).toBe(true);
  expect(seconds(session.stages[0]?.start ?? "")).toBe(from);
  const items = [...raw.hrv.items];
  expect(hrv).toMatchObject({ method: "RMSSD", sessionKey: raw.id, averageMilliseconds: raw["average_hrv"] });
  expect(hrv.samples.map(({ milliseconds }) => milliseconds)).toEqual(items.filter((item) => item !== null));
  for (const { at, milliseconds } of hrv.samples) {
    expect(items[(seconds(at) - seconds(raw.hrv.timestamp)) / raw.hrv.interval]).toBe(milliseconds);
  }
}

if (!existsSync(RECORDINGS)) {
  test("the vendor's recorded answers are not beside the checkout: they were not read", () => {
    process.stdout.write("not run: no recorded Oura answers in ../shared/wearables\n");
    expect(existsSync(RECORDINGS)).toBe(false);
  });
} else {
  describe("recorded answers of the real service", () => {
    const all = recordings();

    test("there are some of every endpoint", () => {
      expect(new Set(all.map(({ endpoint }) => endpoint.name))).toEqual(
        new Set(oura.endpoints.map(({ name }) => name)),
      );
    });

    test.each(all.map((entry) => [entry.file, entry] as const))("%s is read field by field", (_file, entry) => {
      const page = entry.endpoint.read(entry.body);
      expect(page.setAside).toEqual([]);
      expect(page.cursor).toBeNull();
      expect(page.documents.map(({ id }) => id)).toEqual(entry.documents.map(({ id }) => id));
      for (const [index, raw] of entry.documents.entries()) {
        const document = page.documents[index];
        expect(document?.raw).toBe(raw);
        expectRecords(entry.endpoint.name, raw, document?.records ?? []);
      }
    });

    test("the account's id is read from personal_info", () => {
      const [recorded] = JSON.parse(readFileSync(join(RECORDINGS, "single_personal_info.json"), "utf8"));
      expect(oura.identity.from === "request" && oura.identity.read(recorded.response.body)).toBe(
        recorded.response.body.id,
      );
    });
  });
}

if (!existsSync(OPENAPI)) {
  test("the vendor's OpenAPI description is not beside the checkout: synthetic answers were not held against it", () => {
    process.stdout.write("not run: no Oura OpenAPI description in ../shared/wearables\n");
    expect(existsSync(OPENAPI)).toBe(false);
  });
} else {
  describe("synthetic answers against the vendor's OpenAPI description", () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema(JSON.parse(readFileSync(OPENAPI, "utf8")), "oura");
    const of = (name: string) => ({ $ref: `oura#/components/schemas/${name}` });
    const SCHEMAS = new Map([
      ["daily_sleep", "PublicDailySleep"],
      ["sleep", "PublicModifiedSleepModel"],
      ["daily_readiness", "PublicDailyReadiness"],
      ["daily_activity", "PublicDailyActivity"],
    ]);
    const send = (path: string, query: Record<string, string>, id = 1) => {
      const person = somebody({ seed: id, offsetMinutes: -210 });
      const documents = (name: string, range: Parameters<typeof daysOf>[0]) =>
        daysOf(range).flatMap((day) => oura.synthetic.documents(name, person, day, id % 2));
      const rest = { method: "GET", form: {}, grantedScopes: ["extapi:daily"], person, pageSize: null, documents };
      return JSON.parse(JSON.stringify(oura.synthetic.answer({ ...rest, path, query })));
    };

    test.each([...SCHEMAS])(
      "%s: the answer and every document of 400 days, with no field that is not described",
      (name, schema) => {
        const described = ajv.getSchema(`oura#/components/schemas/${schema}`)?.schema as { properties: object };
        const list = ajv.compile(of(`MultiDocumentResponse_${schema}_`));
        const query = { start_date: LAST_400_DAYS.start, end_date: LAST_400_DAYS.end };
        for (const seed of [1, 2]) {
          const { status, body } = send(`/v2/usercollection/${name}`, query, seed);
          expect(status).toBe(200);
          expect(body.data.length).toBeGreaterThan(350);
          list(body);
          expect(list.errors ?? []).toEqual([]);
          const strange = body.data.flatMap((document: object) =>
            Object.keys(document).filter((field) => !(field in described.properties)),
          );
          expect(strange).toEqual([]);
        }
      },
    );

    test("personal_info and the answers to bad dates have the described forms", () => {
      const info = ajv.compile(of("PersonalInfoResponse"));
      info(send("/v2/usercollection/personal_info", {}).body);
      expect(info.errors ?? []).toEqual([]);
      const invalid = ajv.compile(of("HTTPValidationError"));
      const answer = send("/v2/usercollection/sleep", { start_date: "2026-02-30", end_date: "2026-03-02" });
      expect(answer.status).toBe(422);
      invalid(answer.body);
      expect(invalid.errors ?? []).toEqual([]);
    });

    test("a document that breaks the description would be noticed", () => {
      const [page] = pagesOf(oura, oura.endpoints[0]!, somebody({}), LAST_400_DAYS, null);
      const validate = ajv.compile(of("PublicDailySleep"));
      const document = page?.documents[0]?.raw as object;
      expect(validate(document)).toBe(true);
      expect(validate({ ...document, score: "72" })).toBe(false);
      expect(validate({ ...document, timestamp: undefined })).toBe(false);
    });
  });
}
