import { serverAudits } from "graphql-http";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
});
afterAll(() => gateway.server.close());

test("the audits of graphql-http find no error and warn of nothing", async () => {
  const results = await Promise.all(serverAudits({ url: `${gateway.url}/graphql` }).map((audit) => audit.fn()));
  const told = (status: string) =>
    results.flatMap((result) =>
      result.status === status && "reason" in result ? [`${result.name}: ${result.reason}`] : [],
    );
  const count = (status: string) => results.filter((result) => result.status === status).length;
  console.log(
    [
      `${results.length} audits: ${count("ok")} passed, ${count("notice")} notices, ${count("warn")} warnings, ${count("error")} errors`,
      ...told("notice"),
    ].join("\n"),
  );
  expect([...told("error"), ...told("warn")]).toEqual([]);
  expect(count("ok")).toBeGreaterThanOrEqual(58);
});
