import type { Endpoint, Provider } from "../../providers/contract";
import { addDays, daysOf } from "../../src/domain/days";
import { acme } from "../support/reading-acme";
import { around, codes, type Gateway, question, type Someone, TODAY, told, World } from "../support/reading-world";

/** Days that the vendor answers for, today included; asked without a range. */
const REACH = 10;
const shortSighted: Provider = {
  ...acme,
  endpoints: acme.endpoints.map((endpoint): Endpoint => {
    if (endpoint.name !== "readiness") return endpoint;
    const all = { method: "GET", path: "/v1/readiness", query: { from: "0000", to: "9999" } } as const;
    return { ...endpoint, reachDays: REACH, request: () => all };
  }),
};
/** The oldest day that is answered for wherever on earth the vendor's today is. */
const OLDEST = addDays(new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10) as typeof TODAY, 1 - REACH);

let world: World;
let gateway: Gateway;
let someone: Someone;
beforeAll(async () => {
  world = await World.create();
});
beforeEach(async () => {
  [gateway, someone] = [await world.gateway({ provider: shortSighted }), await world.someone()];
});
afterEach(() => world.reset());
afterAll(() => world.close());

const D = (days: number) => addDays(TODAY, days);

test("days beyond reach are UNSUPPORTED and never asked for, without an issue", async () => {
  someone.data.fill(daysOf(around(-8, -1)));
  const [answer] = await gateway.ask(someone, question("READINESS", around(-20, -1)));
  expect(codes(answer!)).toEqual([]);
  const days = told(answer!);
  expect([days[D(-20)], days[addDays(OLDEST, -1)], days[D(-8)]]).toEqual(["UNSUPPORTED", "UNSUPPORTED", 1]);
  world.vendor.forget();
  const [old] = await gateway.ask(someone, question("READINESS", around(-40, -15), { maxAgeSeconds: 0 }));
  expect(old!.absences).toEqual([{ firstDay: D(-40), lastDay: D(-15), provider: "acme", reason: "UNSUPPORTED" }]);
  expect(world.vendor.calls).toEqual([]);
});

test("what was read while it was in reach stays when it no longer is, however fresh it is wanted, and counts as fresh", async () => {
  someone.data.fill(daysOf(around(-8, -1)));
  await gateway.ask(someone, question("READINESS", around(-8, -1)));
  // The vendor forgets; ten days later the gateway asks again.
  for (const day of daysOf(around(-8, -1))) someone.data.remove("readiness", `readiness-${day}`);
  const now = () => Date.now() / 1_000 + 15 * 86_400;
  const later = await world.gateway({ provider: shortSighted, now });
  world.vendor.forget();
  const [answer] = await later.ask(someone, question("READINESS", around(-8, -1), { maxAgeSeconds: 0 }));
  expect(world.vendor.calls).toEqual([]);
  expect(told(answer!)[D(-8)]).toBe(1);
  expect(codes(answer!)).toEqual([]);
});

test("a sync asks for no day beyond reach and buries none", async () => {
  someone.data.fill(daysOf(around(-20, -1)));
  // Once the vendor answered for more.
  const before = await world.gateway();
  await before.ask(someone, question("READINESS", around(-20, -1)));
  for (const day of daysOf(around(-20, -11))) someone.data.remove("readiness", `readiness-${day}`);
  await gateway.syncs.sync(someone.person, { provider: "acme", range: around(-20, -1) });
  const [answer] = await gateway.ask(someone, question("READINESS", around(-20, -1)));
  expect(told(answer!)).toMatchObject({ [D(-20)]: 1, [D(-11)]: 10, [D(-1)]: 20 });
});

test("stretches apart from each other are one request where the vendor takes no range", async () => {
  someone.data.fill(daysOf(around(-8, -1)));
  await gateway.ask(someone, question("READINESS", around(-6, -6)), question("READINESS", around(-4, -4)));
  expect(world.vendor.counts()).toEqual({ readiness: 1 });
  world.vendor.forget();
  const [answer] = await gateway.ask(someone, question("READINESS", around(-8, -1)));
  expect(told(answer!)).toMatchObject({ [D(-8)]: 1, [D(-6)]: 3, [D(-5)]: 4, [D(-4)]: 5, [D(-1)]: 8 });
  expect(world.vendor.counts()).toEqual({ readiness: 1 });
});
