import type { Endpoint } from "../../../providers/contract";
import { providers } from "../../../providers/registry";
import { addDays } from "../../../src/domain/days";
import type { ActivityRecord } from "../../../src/domain/records";
import type { Flights } from "../../../src/services/fetching/flights";
import type { PersonState } from "../../../src/services/ports/person-state";
import type { RecordStore, Snapshot } from "../../../src/services/ports/records";
import { PersonStates } from "../../../src/services/reading/person-state";
import { type ReadingParts, ReadService } from "../../../src/services/reading/read-service";
import { MemoryCache } from "../../support/memory-cache";
import { activity, DAY, kept } from "../domain/records";

const PERSON = "11111111-1111-4111-8111-111111111111";
const ENDPOINT: Endpoint = { ...providers[0]!.endpoints[0]!, name: "days", yields: ["activity"], scopes: [] };
const range = { start: DAY, end: addDays(DAY, 1) };
const nowhere = (): never => {
  throw new Error("expected nobody to be asked");
};

/** What each wearable tells of {@link DAY}; the scale is linked and has nothing. */
const TOLD: Readonly<Record<string, Partial<ActivityRecord> | null>> = {
  ring: { steps: 1 },
  scale: null,
  watch: { steps: 2, distanceMeters: 6_000 },
};

/** Reading over the three, all settled in the database. */
function reading(preferences: PersonState["preferences"], sourceOrder: ReadingParts["sourceOrder"]): ReadService {
  const slugs = Object.keys(TOLD);
  const snapshot: Snapshot = {
    version: "1",
    offsetMinutes: 60,
    coverage: slugs.map((slug) => ({
      accountId: slug,
      endpoint: ENDPOINT.name,
      checkedAt: new Map(),
      settled: [range],
      unreadDays: new Set(),
      recentChecks: [],
    })),
    state: null,
    records: new Map(
      Object.entries(TOLD).flatMap(([slug, told]) => {
        const records = told ? [kept(activity(told), 1_000, ENDPOINT.name)] : [];
        return [[slug, new Map([[ENDPOINT.name, new Map([[DAY, records]])]])]];
      }),
    ),
  };
  const store: RecordStore = {
    snapshot: async () => snapshot,
    commit: nowhere,
    sessionDays: () => {
      throw new Error("unused");
    },
    keepUnreadable: nowhere,
  };
  const accounts = slugs.map((slug) => ({
    id: slug,
    personId: PERSON,
    provider: slug,
    status: "ACTIVE" as const,
    grantedScopes: [],
    connectedAt: 0,
    grantNumber: 1,
  }));
  const source = async () => ({ accounts, offsetMinutes: 60, preferences });
  return new ReadService({
    versions: { current: async () => ({ version: "1", confirmed: true }), learned: () => undefined },
    states: new PersonStates(source, new MemoryCache(), "build"),
    cache: new MemoryCache(),
    store,
    flights: { bring: nowhere } as unknown as Flights,
    telemetry: { answered: () => undefined, setAside: nowhere, flight: nowhere, fault: nowhere },
    providers: new Map(
      slugs.map((slug) => [
        slug,
        { provider: { ...providers[0]!, slug, endpoints: [ENDPOINT] }, apiUrl: "https://vendor.test" },
      ]),
    ),
    ...(sourceOrder ? { sourceOrder } : {}),
    build: "build",
    now: () => Date.UTC(2027, 0, 1) / 1_000,
  });
}

const question = { metric: "ACTIVITY", range, providers: null, maxAgeSeconds: null, method: null } as const;

test.each([
  ["nobody", {}, undefined, null, "DEFAULT", "watch"],
  ["the operator", {}, { ACTIVITY: ["ring"] }, null, "OPERATOR_PREFERENCE", "ring"],
  ["the person", { ACTIVITY: ["watch"] }, { ACTIVITY: ["ring"] }, null, "PERSON_PREFERENCE", "watch"],
  ["the query", { ACTIVITY: ["watch"] }, {}, ["scale", "ring"], "QUERY_PREFERENCE", "ring"],
  ["a wish for another metric", { SLEEP: ["ring"] }, { HRV: ["ring"] }, null, "DEFAULT", "watch"],
  ["a wish for one without data", { ACTIVITY: ["scale"] }, {}, ["scale"], "DEFAULT", "watch"],
] as const)("of a day that two have, %s decides", async (_who, person, operator, prefer, policy, winner) => {
  const [answer] = await reading(person, operator).read(PERSON, [{ ...question, prefer }]);
  expect(answer?.bySource.map(({ provider }) => provider)).toEqual(["ring", "watch"]);
  expect(answer?.nodes).toEqual(answer?.resolutions.map((resolution) => resolution.winner));
  expect(answer?.resolutions.map((one) => [one.policy, one.winner.provider])).toEqual([[policy, winner]]);
  expect(answer?.resolutions[0]?.candidates.map(({ provider, day }) => [provider, day !== null])).toEqual([
    ["ring", true],
    ["scale", false],
    ["watch", true],
  ]);
  expect(answer?.absences.filter(({ firstDay }) => firstDay === DAY).map(({ provider }) => provider)).toEqual([
    "scale",
  ]);
});

test("questions of one query that differ in preference only are chosen apart, out of the same days", async () => {
  const answers = await reading({}, undefined).read(PERSON, [
    { ...question, prefer: ["ring"] },
    { ...question, prefer: ["watch"] },
    { ...question, providers: ["ring"] },
  ]);
  expect(answers.map(({ nodes }) => nodes.map(({ provider }) => provider))).toEqual([["ring"], ["watch"], ["ring"]]);
  expect(answers[2]?.resolutions[0]?.candidates.map(({ reason }) => reason)).toEqual(["ONLY_SOURCE"]);
});
