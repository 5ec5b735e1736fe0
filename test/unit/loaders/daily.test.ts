import { civilDay } from "../../../src/domain/days";
import { decodeNodeId } from "../../../src/domain/ids";
import { createRequestContext } from "../../../src/loaders/context";
import { createDailyLoader } from "../../../src/loaders/daily";
import type { DailyNode } from "../../../src/loaders/day-node";
import { loadNode } from "../../../src/loaders/node";
import { dailyQuestion } from "../../../src/loaders/question";
import { Validity } from "../../../src/loaders/validity";
import type { AtVersion, Caller, Person } from "../../../src/services/api";
import { fakeServices, PERSON } from "../../support/fake-services";
import { twoWearables } from "../../support/two-wearables";

const MALLORY: Person = { id: crypto.randomUUID(), externalId: "mallory" };
const as = (person: Person): Caller => ({ kind: "person", person });
const range = { start: civilDay("2026-03-01"), end: civilDay("2026-03-03") };

test("every node is the same object as its source, with a readable natural key", async () => {
  const loader = createDailyLoader(fakeServices().reading, PERSON.id, new Validity());
  const { nodes, bySource } = await loader.load(dailyQuestion("SLEEP", { range }));
  expect(nodes).toHaveLength(3);
  for (const node of nodes) expect(bySource.some((source) => source === node)).toBe(true);
  const session = nodes[0]?.sessions?.()[0];
  expect(decodeNodeId(session?.id ?? "")).toMatchObject({ type: "SleepSession", person: PERSON.id, day: "2026-03-01" });
});

test("sessions of a day that start in the same second have ids of their own, and each id leads back to its session", async () => {
  const services = fakeServices();
  const { reading } = services;
  const read: typeof reading.read = async (person, questions) =>
    (await reading.read(person, questions)).map((answer) => {
      for (const { value } of answer.bySource) {
        const first = value.metric === "SLEEP" ? value.sessions[0] : undefined;
        if (first) Object.assign(value, { sessions: [first, { ...first, sessionType: "SECONDARY" }] });
      }
      return answer;
    });
  const ctx = createRequestContext({ ...services, reading: { ...reading, read } }, as(PERSON), "r");
  const { nodes } = await ctx.loaders.of(PERSON.id).daily.load(dailyQuestion("SLEEP", { range }));
  const sessions = nodes[0]?.sessions?.() ?? [];
  expect(new Set(sessions.map(({ id }) => id)).size).toBe(2);
  for (const session of sessions) expect(await loadNode(ctx, session.id)).toEqual(session);
});

test("all nodes of a day share one resolution, whose records are the nodes themselves", async () => {
  const { read } = twoWearables();
  const { nodes, bySource } = await createDailyLoader({ read }, PERSON.id, new Validity()).load(
    dailyQuestion("ACTIVITY", { range }),
  );
  expect([nodes.length, bySource.length]).toEqual([3, 6]);
  for (const node of nodes) {
    const resolution = node.resolution?.();
    const ofDay = bySource.filter(({ day }) => day === node.day);
    expect(ofDay.map((source) => source.resolution?.() === resolution)).toEqual([true, true]);
    expect(resolution?.winner.record).toBe(node);
    expect(resolution?.candidates).toContain(resolution?.winner);
    expect(resolution?.candidates.map(({ record }) => record)).toEqual([ofDay[0], null, ofDay[1]]);
    expect(resolution?.candidates.map(({ reason }) => reason)).toEqual(["LESS_COVERAGE", "NO_DATA", "BETTER_COVERAGE"]);
  }
  expect(new Set(nodes.map(({ resolution }) => resolution?.())).size).toBe(3);
});

test("a chosen day that is none of its candidates is a fault, never invented", async () => {
  const { read } = twoWearables();
  const broken: typeof read = async (person, questions) =>
    (await read(person, questions)).map((answer) => ({
      ...answer,
      resolutions: answer.resolutions.map(({ policy, winner }) => ({ policy, winner, candidates: [] })),
    }));
  const loader = createDailyLoader({ read: broken }, PERSON.id, new Validity());
  const answer = await loader.load(dailyQuestion("ACTIVITY", { range }));
  expect(() => answer.bySource).toThrow(/not among its candidates/);
  expect(answer.nodes[0]?.resolution).toThrow(/not among its candidates/);
});

test("a day that is fetched by its id has no resolution, and leaves that of the range alone", async () => {
  const ctx = createRequestContext(fakeServices(), as(PERSON), "r");
  const day = { start: range.start, end: range.start };
  const { nodes } = await ctx.loaders
    .of(PERSON.id)
    .daily.load(dailyQuestion("ACTIVITY", { range: day, providers: ["oura"] }));
  const alone = (await loadNode(ctx, nodes[0]!.id)) as DailyNode;
  expect(alone).toEqual(nodes[0]);
  expect(alone.resolution).toBeNull();
  expect(nodes[0]?.resolution?.().winner.reason).toBe("ONLY_SOURCE");
});

test("preferences of another person are never listed, and after a mutation they are listed anew", async () => {
  const services = fakeServices();
  const mine = createRequestContext(services, as(PERSON), "r");
  const theirs = createRequestContext(services, as(MALLORY), "r");
  expect(await mine.loaders.of(PERSON.id).preferences()).toEqual([]);
  await services.preferences.set(PERSON, "SLEEP", ["oura"]);
  expect(() => theirs.loaders.of(PERSON.id)).toThrow(/own id/);
  expect(await theirs.loaders.of(MALLORY.id).preferences()).toEqual([]);
  mine.loaders.forget();
  expect(await mine.loaders.of(PERSON.id).preferences()).toEqual([{ metric: "SLEEP", order: ["oura"] }]);
});

test("fewer answers than questions are a fault", async () => {
  const loader = createDailyLoader({ read: async () => [] }, PERSON.id, new Validity());
  await expect(loader.load(dailyQuestion("SLEEP", { range }))).rejects.toThrow(/expected 1 daily answers, got 0/);
});

test("equal questions are asked once, questions of one tick together", async () => {
  const services = fakeServices();
  const loader = createDailyLoader(services.reading, PERSON.id, new Validity());
  await Promise.all([
    loader.load(dailyQuestion("SLEEP", { range })),
    loader.load(dailyQuestion("SLEEP", { range })),
    loader.load(dailyQuestion("ACTIVITY", { range })),
  ]);
  expect(services.reads.map((questions) => questions.length)).toEqual([2]);
});

test("accounts of another person are never listed", async () => {
  const services = fakeServices();
  const list = jest.spyOn(services.accounts, "list");
  const { loaders } = createRequestContext(services, as(MALLORY), "r");
  expect(() => loaders.of(PERSON.id)).toThrow(/own id/);
  expect(await loaders.of(MALLORY.id).accounts()).toEqual([]);
  expect(list.mock.calls).toEqual([[MALLORY.id, expect.any(Function)]]);
});

test("whatever a request reads of a person is read at one data version, asked for once", async () => {
  const services = fakeServices();
  const current = jest.spyOn(services.versions, "current");
  const seen: unknown[] = [];
  const noting = <T>(answer: T) => {
    return async (_person: string, at?: AtVersion): Promise<T> => {
      seen.push(await at?.());
      return answer;
    };
  };
  const { reading, accounts, preferences } = services;
  const loaders = createRequestContext(
    {
      ...services,
      accounts: { ...accounts, list: noting([]) },
      preferences: { ...preferences, list: noting([]) },
      reading: {
        ...reading,
        read: (person, questions, at) => noting(reading.read(person, questions))(person, at).then((answers) => answers),
      },
    },
    as(PERSON),
    "r",
  ).loaders.of(PERSON.id);
  await Promise.all([loaders.accounts(), loaders.preferences(), loaders.daily.load(dailyQuestion("SLEEP", { range }))]);
  expect(seen).toEqual(Array(3).fill({ version: "1", confirmed: true }));
  expect(current.mock.calls).toEqual([[PERSON.id]]);
});

test("a node id of another person asks no service", async () => {
  const services = fakeServices();
  const mine = createRequestContext(services, as(PERSON), "r");
  const { nodes } = await mine.loaders.of(PERSON.id).daily.load(dailyQuestion("SLEEP", { range }));
  services.reads.length = 0;
  const theirs = createRequestContext(services, as(MALLORY), "r");
  expect(await loadNode(theirs, nodes[0]?.id ?? "")).toBeNull();
  expect(services.reads).toEqual([]);
});
