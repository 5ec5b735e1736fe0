import { rm } from "node:fs/promises";
import { daysAgo } from "../support/four-metrics";
import { askFour, type ChosenAnswer, linkFour } from "../support/four-wearables";
import { type GatewayProcess, startGateway, temporaryDirectory } from "../support/gateway-process";

const RANGE = { start: daysAgo(12), end: daysAgo(3) };
const winners = (answer: ChosenAnswer) => answer.nodes.map(({ day, resolution }) => [day, resolution.winner]);

let directory: string;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(async () => {
  await gateway?.stop();
  await rm(directory, { recursive: true, force: true });
});

test("what was chosen is chosen again after a restart; the operator's order speaks where nobody else does", async () => {
  gateway = await startGateway({ dataDirectory: directory });
  await linkFour(gateway);
  const before = await askFour(gateway, { range: RANGE });
  await gateway.stop();
  gateway = await startGateway({ dataDirectory: directory });
  expect(await askFour(gateway, { range: RANGE })).toEqual(before);
  await gateway.stop();
  gateway = await startGateway({ dataDirectory: directory, env: { SOURCE_ORDER: "ACTIVITY=polar,whoop" } });
  const ordered = await askFour(gateway, { range: RANGE });
  expect(ordered.sleep).toEqual(before.sleep);
  expect(ordered.activity.bySource).toEqual(before.activity.bySource);
  for (const { resolution } of ordered.activity.nodes) {
    expect(resolution.policy).toBe("OPERATOR_PREFERENCE");
    expect(["POLAR", "WHOOP"]).toContain(resolution.winner.provider);
  }
  expect(winners(ordered.activity)).not.toEqual(winners(before.activity));
}, 90_000);
