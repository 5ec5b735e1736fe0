import { addDays, daysOf } from "../../src/domain/days";
import { allMetrics, around, codes, question, TODAY, told, World } from "../support/reading-world";
import { freshRedis } from "../support/services";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const MONTH = around(-29, 0);
const ONE_EACH = { daily_score: 1, sleep: 1, readiness: 1, activity: 1 };

test("30 days of all four metrics, cold: one request per endpoint; repeated: none", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  const cold = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(world.vendor.counts()).toEqual(ONE_EACH);
  const values = Object.fromEntries(daysOf(MONTH).map((day, index) => [day, index + 1]));
  expect(cold.map(told)).toEqual([values, values, values, values]);
  expect(cold.map(codes)).toEqual([[], [], [], []]);
  expect(cold[0]!.nodes[3]!.value).toMatchObject({ asleepSeconds: 4, completeness: "FINAL" });
  const again = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(again).toEqual(cold);
  expect(world.vendor.counts()).toEqual(ONE_EACH);
});
