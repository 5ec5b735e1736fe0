import type { DailyAnswer, DailyQuestion } from "../../../src/domain/answers";
import { civilDay } from "../../../src/domain/days";
import { decodeNodeId } from "../../../src/domain/ids";
import { createRequestContext } from "../../../src/loaders/context";
import { createDailyLoader } from "../../../src/loaders/daily";
import { loadNode } from "../../../src/loaders/node";
import { dailyQuestion } from "../../../src/loaders/question";
import { fakeServices, PERSON } from "../../support/fake-services";

const range = { start: civilDay("2026-03-01"), end: civilDay("2026-03-03") };

test("every node is the same object as its source, with a readable natural key", async () => {
  const loader = createDailyLoader(fakeServices().reading, PERSON.id);
  const { nodes, bySource } = await loader.load(dailyQuestion("SLEEP", { range }));
  expect(nodes).toHaveLength(3);
  for (const node of nodes) expect(bySource.some((source) => source === node)).toBe(true);
  const session = nodes[0]?.sessions?.[0];
  expect(decodeNodeId(session?.id ?? "")).toMatchObject({ type: "SleepSession", person: PERSON.id, day: "2026-03-01" });
});

test("a chosen day that no source has is a fault, never invented", async () => {
  const services = fakeServices();
  const read = async (_person: string, questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]> =>
    (await services.reading.read(PERSON.id, questions)).map((answer) => ({ ...answer, bySource: [] }));
  await expect(createDailyLoader({ read }, PERSON.id).load(dailyQuestion("HRV", { range }, "RMSSD"))).rejects.toThrow(
    /not among its sources/,
  );
});

test("fewer answers than questions are a fault", async () => {
  const loader = createDailyLoader({ read: async () => [] }, PERSON.id);
  await expect(loader.load(dailyQuestion("SLEEP", { range }))).rejects.toThrow(/expected 1 daily answers, got 0/);
});

test("equal questions are asked once, questions of one tick together", async () => {
  const services = fakeServices();
  const loader = createDailyLoader(services.reading, PERSON.id);
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
  const { loaders } = createRequestContext(services, { id: crypto.randomUUID(), externalId: "mallory" }, "r");
  expect(await loaders.accounts.load(PERSON.id)).toEqual([]);
  expect(list).not.toHaveBeenCalled();
});

test("a node id of another person asks no service", async () => {
  const services = fakeServices();
  const mine = createRequestContext(services, PERSON, "r");
  const { nodes } = await mine.loaders.daily.load(dailyQuestion("SLEEP", { range }));
  services.reads.length = 0;
  const theirs = createRequestContext(services, { id: crypto.randomUUID(), externalId: "mallory" }, "r");
  expect(await loadNode(theirs, nodes[0]?.id ?? "")).toBeNull();
  expect(services.reads).toEqual([]);
});
