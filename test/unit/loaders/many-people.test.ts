import { execute, parse } from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import type { DailyQuestion } from "../../../src/domain/answers";
import { decodeNodeId, encodeNodeId } from "../../../src/domain/ids";
import { createRequestContext } from "../../../src/loaders/context";
import type { Person, Services } from "../../../src/services/api";
import { ACCOUNT, fakeServices } from "../../support/fake-services";

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const PEOPLE = Array.from({ length: 50 }, (_, index): Person => {
  const id = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
  return { id, externalId: `p${index}` };
});

/** Services under which everything a person has names that person; who was asked for is noted. */
function ownedServices() {
  const fake = fakeServices();
  const reads: [string, readonly DailyQuestion[]][] = [];
  const lists: string[] = [];
  const synced: [string, readonly string[]][] = [];
  // Out of step, so that answers come in another order than questions.
  const late = async <T extends object>(found: T | undefined): Promise<T | null> => {
    await new Promise((resolve) => setTimeout(resolve, (waits++ * 7) % 20));
    return found ?? null;
  };
  let waits = 0;
  const indexOf = (personId: string) => Number(personId.slice(-12));
  const services: Services = {
    ...fake,
    people: {
      ...fake.people,
      find: (externalId) => late(PEOPLE.find((person) => person.externalId === externalId)),
      byId: (personId) => late(PEOPLE.find((person) => person.id === personId)),
    },
    accounts: {
      async list(personId) {
        lists.push(personId);
        return [{ ...ACCOUNT, personId, grantedScopes: [`of ${indexOf(personId)}`] }];
      },
      async lastSyncedAt(personId, ids) {
        synced.push([personId, ids]);
        return new Map(ids.map((id) => [id, 1_790_000_000 + indexOf(personId)]));
      },
    },
    preferences: {
      ...fake.preferences,
      list: async (personId) => [{ metric: indexOf(personId) % 2 ? "SLEEP" : "HRV", order: ["oura"] }],
    },
    reading: {
      stored: fake.reading.stored,
      async read(personId, questions) {
        reads.push([personId, questions]);
        const answers = (await late(await fake.reading.read(personId, questions))) ?? [];
        for (const { value } of answers.flatMap(({ nodes, bySource }) => [...nodes, ...bySource])) {
          if (value.metric === "ACTIVITY") Object.assign(value, { steps: indexOf(personId) });
        }
        return answers;
      },
    },
  };
  return { services, reads, lists, synced };
}

const key = { id: "k", prefix: "wg_live_00000000", scopes: ["read"], expiresAt: null } as const;
const RANGE = '(range: { start: "2026-03-01", end: "2026-03-02" })';

test("50 persons interleaved in one query each get what is theirs, each by one read", async () => {
  const { services, reads, lists, synced } = ownedServices();
  const whole = `{ id externalId accounts { id grantedScopes lastSyncedAt } sourcePreferences { metric }
    activity${RANGE} { nodes { id steps } bySource { id steps } } }`;
  const again = `{ activity${RANGE} { nodes { steps } } accounts { grantedScopes } readiness${RANGE} { nodes { id } } }`;
  const asked = PEOPLE.map(({ externalId }, n) => `a${n}: user(externalId: "${externalId}") ${whole}`);
  const repeated = PEOPLE.map(({ id }, n) => {
    return `b${n}: node(id: "${encodeNodeId({ type: "User", person: id })}") { ... on User ${again} }`;
  }).reverse();
  const contextValue = createRequestContext(services, { kind: "server", key }, "r");
  const document = parse(`{ ${[...asked, ...repeated].join("\n")} }`);
  const { data, errors } = await execute({ schema, document, contextValue });
  expect(errors).toBeUndefined();
  // biome-ignore lint/suspicious/noExplicitAny: an answer of a query that is built above.
  const answers = data as Record<string, any>;
  PEOPLE.forEach(({ id, externalId }, n) => {
    const { accounts, activity, sourcePreferences, ...user } = answers[`a${n}`];
    expect(user).toMatchObject({ id: encodeNodeId({ type: "User", person: id }), externalId });
    expect(accounts).toMatchObject([{ grantedScopes: [`of ${n}`] }]);
    expect(Date.parse(accounts[0].lastSyncedAt) / 1_000).toBe(1_790_000_000 + n);
    expect(sourcePreferences).toMatchObject([{ metric: n % 2 ? "SLEEP" : "HRV" }]);
    for (const node of [...activity.nodes, ...activity.bySource]) {
      expect([node.steps, decodeNodeId(node.id)?.person]).toEqual([n, id]);
    }
    const other = answers[`b${n}`];
    expect(other.activity.nodes.map(({ steps }: { steps: number }) => steps)).toEqual([n, n]);
    expect(other.accounts).toEqual([{ grantedScopes: [`of ${n}`] }]);
    expect(other.readiness.nodes.map((node: { id: string }) => decodeNodeId(node.id)?.person)).toEqual([id, id]);
  });
  const everybody = PEOPLE.map(({ id }) => id);
  expect(reads.map(([personId]) => personId).sort()).toEqual(everybody);
  expect(reads.every(([, questions]) => questions.length === 2)).toBe(true);
  expect(lists.sort()).toEqual(everybody);
  expect(synced.map(([personId]) => personId).sort()).toEqual(everybody);
});

test("a person's request has no loaders of anybody else's", () => {
  const { services } = ownedServices();
  const [mine, theirs] = PEOPLE;
  const { loaders } = createRequestContext(services, { kind: "person", person: mine! }, "r");
  expect(loaders.of(mine!.id)).toBe(loaders.of(mine!.id));
  expect(() => loaders.of(theirs!.id)).toThrow(/own id/);
});
