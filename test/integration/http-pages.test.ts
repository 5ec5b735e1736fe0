import { connect } from "node:net";
import { Registry } from "prom-client";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { subscriptionClient } from "../support/subscriber";

const HTML = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
});
afterAll(() => gateway.server.close());
beforeEach(() => {
  gateway.services.failure = null;
  gateway.services.callbacks.length = 0;
});

describe("the callback", () => {
  test("hands on every parameter as often as it came", async () => {
    await gateway.fetch(`/oauth/oura/callback?code=a&code=b&state=%00x&error_description=${"e".repeat(9000)}&empty=`);
    expect(gateway.services.callbacks).toEqual([
      {
        provider: "oura",
        query: [
          ["code", "a"],
          ["code", "b"],
          ["state", "\u0000x"],
          ["error_description", "e".repeat(9000)],
          ["empty", ""],
        ],
      },
    ]);
  });

  test("sends the browser on", async () => {
    gateway.services.outcome = { kind: "redirect", location: "https://app.example.com/linked?link=1" };
    const answer = await gateway.fetch("/oauth/oura/callback?code=a");
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "https://app.example.com/linked?link=1"]);
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("shows what happened, escaped, on a page that loads and runs nothing", async () => {
    const title = "Denied <script>alert(1)</script>";
    gateway.services.outcome = {
      kind: "page",
      status: 400,
      title,
      message: `"access_denied" & <img src=x onerror='y'>`,
    };
    const { status, headers, text } = await gateway.fetch("/oauth/oura/callback?error=access_denied");
    expect(status).toBe(400);
    expect(text).toContain("Denied &lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).toContain("&quot;access_denied&quot; &amp; &lt;img src=x onerror=&#39;y&#39;&gt;");
    expect(text).not.toMatch(/<script|<img|https?:/);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });

  test("of an unknown wearable is a 404 page and asks nobody", async () => {
    const answer = await gateway.fetch("/oauth/nobody/callback?code=a");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    expect(gateway.services.callbacks).toEqual([]);
  });

  test("by HEAD or POST spends no state", async () => {
    for (const method of ["HEAD", "POST"]) {
      expect((await gateway.fetch("/oauth/oura/callback?code=a", { method })).status).toBe(404);
    }
    expect(gateway.services.callbacks).toEqual([]);
  });

  test("that fails is a page with the request id; the log holds neither code nor message", async () => {
    gateway.services.failure = new Error("canary-message");
    const answer = await gateway.fetch("/oauth/oura/callback?code=canary-code&state=canary-state");
    expect(answer.status).toBe(500);
    expect(answer.text).toContain(String(answer.headers.get("x-request-id")));
    expect(answer.text).not.toContain("canary");
    expect(gateway.log.join("")).toContain('"route":"/oauth/:provider/callback"');
    expect(gateway.log.join("")).not.toContain("canary");
  });
});

describe("GraphiQL", () => {
  test("is one page whose only address is its own origin, with a query to begin with", async () => {
    const { status, headers, text } = await gateway.fetch("/graphql", HTML);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    // Compared as booleans, because a failure would print all 9 MB.
    const scripts = [...text.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
    const shell = text.replace(/<script>[\s\S]*?<\/script>/g, "").replace(/<style>[\s\S]*?<\/style>/g, "");
    expect(shell.length).toBeLessThan(400_000);
    expect(/(?:src|href)="(?!data:)/.test(shell)).toBe(false);
    expect(/(?:unpkg|jsdelivr|cdnjs|esm\.sh|googleapis)\./.test(text)).toBe(false);
    expect(/@import|url\((?!["']?(?:data:|#))/.test(text.slice(0, text.indexOf("</style>")))).toBe(false);
    expect(text.includes("connectProvider(input: { provider: OURA })")).toBe(true);
    expect(scripts[0]).toBe("<script>");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toMatch(/script-src 'sha256-[^']+' blob:;/);
  });

  test("is there again when its own address, which holds the query, is loaded anew", async () => {
    const { headers } = await gateway.fetch("/graphql?query=%7B__typename%7D", HTML);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    const asked = { ...HTML.headers, "apollo-require-preflight": "1" };
    const { json } = await gateway.fetch("/graphql?query=%7B__typename%7D", { headers: asked });
    expect(json).toEqual({ data: { __typename: "Query" } });
  });

  test("its example runs", async () => {
    const { text } = await gateway.fetch("/graphql", HTML);
    const options = /"defaultQuery":("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '""';
    const query = JSON.parse(options) as string;
    for (const operationName of ["Link", "Read"]) {
      const { json } = await gateway.post(JSON.stringify({ query, operationName }));
      expect(json.errors).toBeUndefined();
    }
    const following = subscriptionClient(gateway.url);
    const names = ["Progress", "Follow"];
    const told = names.map((operationName) => following.subscribe(query, {}, operationName));
    await told[0]!.until(1);
    await following.close();
    expect(told.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test("its introspection passes the limits", async () => {
    const { getIntrospectionQuery } = jest.requireActual<typeof import("graphql")>("graphql");
    const { json } = await gateway.graphql(
      getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true }),
    );
    expect(json.errors).toBeUndefined();
  });

  test("is not there in production", async () => {
    const production = await startFakeGateway({ production: true });
    const answer = await production.fetch("/graphql", HTML);
    await production.server.close();
    expect(answer.headers.get("content-type")).toMatch(/json/);
    expect(answer.status).toBe(400);
  });
});

describe("health", () => {
  const probe = (name: string, required: boolean, holds: boolean) => ({
    name,
    required,
    check: () => (holds ? Promise.resolve() : Promise.reject(new Error("away"))),
  });

  test.each([
    ["ok", 200, true, true],
    ["degraded", 200, true, false],
    ["unavailable", 503, false, true],
  ])("%s", async (status, code, database, redis) => {
    const probes = [probe("database", true, database), probe("redis", false, redis)];
    const other = await startFakeGateway({ probes });
    const answer = await other.fetch("/readyz");
    const alive = await other.fetch("/healthz");
    await other.server.close();
    expect([answer.status, answer.json]).toEqual([
      code,
      { status, checks: { database: database ? "ok" : "failing", redis: redis ? "ok" : "failing" } },
    ]);
    expect(alive.status).toBe(200);
  });

  test("a probe that never answers fails after two seconds", async () => {
    const probes = [{ name: "database", required: true, check: () => new Promise<void>(() => undefined) }];
    const other = await startFakeGateway({ probes });
    const answer = await other.fetch("/readyz");
    await other.server.close();
    expect(answer.status).toBe(503);
  });
});

test("metrics count operations by type and outcome, and requests by route pattern", async () => {
  const registry = new Registry();
  const other = await startFakeGateway({ registry });
  await other.graphql("{ __typename }");
  await other.graphql("{ nope }");
  await other.graphql('{ user(externalId: "x") { id } viewer { id } }');
  await other.graphql("mutation { connectProvider(input: { provider: OURA }) { state } }");
  await other.fetch("/oauth/oura/callback?code=canary");
  await other.fetch("/nowhere/canary");
  const { text } = await other.fetch("/metrics");
  await other.server.close();
  const count = (labels: string) => new RegExp(`duration_seconds_count\\{${labels}\\} (\\d+)`).exec(text)?.[1];
  expect(count('type="query",outcome="ok"')).toBe("1");
  expect(count('type="query",outcome="partial"')).toBe("1");
  expect(count('type="none",outcome="refused"')).toBe("1");
  expect(count('type="mutation",outcome="ok"')).toBe("1");
  expect(count('method="GET",route="/oauth/:provider/callback",status="200"')).toBe("1");
  expect(count('method="GET",route="unmatched",status="404"')).toBe("1");
  expect(text).not.toContain("canary");
});

describe("stopping", () => {
  test("finishes what is in flight with Connection: close, and accepts nothing new", async () => {
    const other = await startFakeGateway();
    let finish: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { list } = other.services.accounts;
    other.services.accounts.list = async (personId) => {
      arrived();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return list(personId);
    };
    const answer = other.graphql("{ viewer { accounts { id } } }");
    await inFlight;
    const closed = other.server.close();
    const again = other.server.close();
    // For a moment, what is on its way is still taken on.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await expect(
      new Promise((resolve, reject) => {
        connect(other.port, "127.0.0.1", () => resolve("connected")).on("error", reject);
      }),
    ).rejects.toMatchObject({ code: "ECONNREFUSED" });
    finish();
    const { status, headers, json } = await answer;
    expect([status, headers.get("connection"), json.data?.viewer.accounts.length]).toEqual([200, "close", 1]);
    await Promise.all([closed, again]);
  });

  test("does not wait for idle connections", async () => {
    const other = await startFakeGateway();
    await other.graphql("{ __typename }");
    const startedAt = performance.now();
    await other.server.close();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
