import { daysOf } from "../../src/domain/days";
import { allMetrics, around, codes, type Gateway, type Someone, told, World } from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const WEEK = around(-20, -14);

/** Somebody whose week this gateway has answered; a second process, by SQL, then changes something and tells of it. */
async function changed(gateway: Gateway, sql = "SELECT $1::uuid"): Promise<Someone> {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  await gateway.ask(someone, ...allMetrics(WEEK));
  await world.change(someone, sql, [someone.person.id]);
  gateway.bell.ring("version", `${someone.person.id} ${await world.version(someone)}`);
  return someone;
}

describe.each([
  ["alone", { alone: true }],
  ["beside others", {}],
])("a gateway %s", (_name, options) => {
  test("reads what changed by one statement, which says as well that nothing else did", async () => {
    const gateway = await world.gateway(options);
    const someone = await changed(
      gateway,
      "UPDATE records SET body = '99' WHERE person_id = $1 AND kind = 'readiness'",
    );
    const read = jest.spyOn(gateway.database, "read");
    const [, readiness] = await gateway.ask(someone, ...allMetrics(WEEK));
    expect(read.mock.calls.map(([, { name }]) => name)).toEqual(["snapshot records state"]);
    expect(new Set(Object.values(told(readiness!)))).toEqual(new Set([99]));
    const again = await gateway.ask(someone, ...allMetrics(WEEK));
    expect(read).toHaveBeenCalledTimes(1);
    expect(told(again[1]!)).toEqual(told(readiness!));
  });

  test("reads everything at the version that a request has asked for", async () => {
    const gateway = await world.gateway(options);
    const someone = await world.someone();
    someone.data.fill(daysOf(WEEK));
    const before = await gateway.ask(someone, ...allMetrics(WEEK));
    await gateway.ask(someone, ...allMetrics(WEEK));
    const asked = await gateway.versions.current(someone.person.id);
    await world.change(someone, "UPDATE accounts SET status = 'DISCONNECTED' WHERE person_id = $1", [
      someone.person.id,
    ]);
    gateway.versions.learned(someone.person.id, String(await world.version(someone)));
    const answers = await gateway.reads.read(someone.person.id, allMetrics(WEEK), async () => asked);
    expect(answers.map(told)).toEqual(before.map(told));
    expect((await gateway.ask(someone, ...allMetrics(WEEK))).map(told)).toEqual([{}, {}, {}, {}]);
  });

  test.each([
    ["was disconnected", "UPDATE accounts SET status = 'DISCONNECTED' WHERE person_id = $1", [], []],
    [
      "lost a scope",
      "UPDATE accounts SET granted_scopes = '{daily}' WHERE person_id = $1",
      ["SCOPE_NOT_GRANTED"],
      ["SCOPE_NOT_GRANTED"],
    ],
  ])("believes nothing of an account that %s meanwhile", async (_what, sql, issuesOfSleep, issuesOfHrv) => {
    const gateway = await world.gateway(options);
    const someone = await changed(gateway, sql);
    const truth = await world.gateway();
    const [expected, answers] = [
      await truth.ask(someone, ...allMetrics(WEEK)),
      await gateway.ask(someone, ...allMetrics(WEEK)),
    ];
    expect(answers.map(told)).toEqual(expected.map(told));
    expect([codes(answers[0]!), codes(answers[3]!)]).toEqual([issuesOfSleep, issuesOfHrv]);
  });

  test("answers from what it holds where the database says that it is still true", async () => {
    const gateway = await world.gateway(options);
    const someone = await changed(gateway);
    const before = await gateway.ask(someone, ...allMetrics(WEEK));
    const read = jest.spyOn(gateway.database, "read");
    gateway.bell.ring("version", `${someone.person.id} 999999`);
    expect(await gateway.ask(someone, ...allMetrics(WEEK))).toEqual(before);
    expect(read).not.toHaveBeenCalled();
  });
});
