import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { programArguments } from "../support/program";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { expiredAccount, tokenParts } from "../support/token-parts";
import { TokenServer } from "../support/token-server";

let fresh: FreshDatabase;
let server: TokenServer;
let parts: Awaited<ReturnType<typeof tokenParts>>;
const workers = new Set<ChildProcess>();
beforeAll(async () => {
  fresh = await migratedCopy();
});
beforeEach(async () => {
  server = await TokenServer.start();
  parts = await tokenParts(fresh.url, server.url);
});
afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await parts.close();
  await server.stop();
});
afterAll(() => fresh.drop());

const newAccount = (name: string) => expiredAccount(parts, `${name}-${Date.now()}`, (id) => server.issue(id));

/** Another process of the gateway that is refreshing the account: the provider has spent the token and takes its time to answer. */
async function holder({ personId, accountId }: { personId: string; accountId: string }) {
  const script = programArguments("test/support/token-worker.ts");
  const worker = spawn(process.execPath, [...script, fresh.url, server.url], { stdio: "pipe" });
  workers.add(worker);
  const lines = createInterface({ input: worker.stdout });
  await once(lines, "line");
  const answer = once(lines, "line").then(([line]) => JSON.parse(line)[0] as string);
  worker.stdin.write(`${personId} ${accountId} 1\n`);
  for (let waited = 0; !server.calls.has(accountId) && waited < 5_000; waited += 20) await delay(20);
  return { worker, answer };
}

/** What a caller here gets: a token, or the name of the failure. */
const ask = ({ personId, accountId }: { personId: string; accountId: string }) =>
  parts.tokens.accessToken(personId, accountId).then(
    ({ value }) => value,
    (error: Error) => error.name,
  );

const one = (personId: string, sql: string) => parts.database.person(personId, (tx) => tx.query(sql));

test("a holder that is killed after the provider has spent the token: named RECONNECT_REQUIRED, one event, no loop", async () => {
  server.latencyMs = 1_500;
  const account = await newAccount("killed");
  const { worker } = await holder(account);
  worker.kill("SIGKILL");
  await once(worker, "exit");
  server.latencyMs = 20;
  // An attempt that has not ended is believed to be under way for ten seconds, though its lock is gone.
  let answer = await ask(account);
  for (let tries = 0; answer === "UpstreamFailure" && tries < 60; tries += 1) {
    await delay(250);
    answer = await ask(account);
  }
  expect(answer).toBe("ReconnectRequired");
  expect(await Promise.all([ask(account), ask(account)])).toEqual(["ReconnectRequired", "ReconnectRequired"]);
  expect(server.calls.get(account.accountId)).toBe(2);
  expect(await one(account.personId, "SELECT status FROM accounts")).toEqual([{ status: "RECONNECT_REQUIRED" }]);
  expect(await one(account.personId, "SELECT event, detail FROM audit_events")).toEqual([
    {
      event: "RECONNECT_REQUIRED",
      detail: "the refresh token was refused after an attempt of which nobody learnt the outcome",
    },
  ]);
  expect(await one(account.personId, "SELECT outcome FROM refresh_attempts ORDER BY started_at")).toEqual([
    { outcome: "UNKNOWN" },
    { outcome: "REFUSED" },
  ]);
  // The ciphertext stays, in case that the provider erred.
  expect(await one(account.personId, "SELECT refused_at IS NOT NULL AS refused FROM grants")).toEqual([
    { refused: true },
  ]);
});

test("a holder that is stopped for seconds keeps the lock: others are told to come again, and nothing is asked twice", async () => {
  server.latencyMs = 600;
  const account = await newAccount("stopped");
  const { worker, answer } = await holder(account);
  worker.kill("SIGSTOP");
  expect(await ask(account)).toBe("UpstreamFailure");
  await parts.tokens.settled();
  expect(parts.outcomes).toEqual(["busy"]);
  worker.kill("SIGCONT");
  // It may have been stopped for longer than its own caller waits.
  expect(await answer).toMatch(/^access-|^UpstreamFailure$/);
  let token = await ask(account);
  for (let tries = 0; token === "UpstreamFailure" && tries < 10; tries += 1) token = await ask(account);
  expect(token).toMatch(/^access-/);
  expect(server.calls.get(account.accountId)).toBe(1);
  expect(server.killed.size).toBe(0);
});

test("a database session that is lost during the exchange: the tokens are carried to a new one", async () => {
  server.latencyMs = 1_000;
  const account = await newAccount("cut");
  const caller = ask(account);
  for (let waited = 0; !server.calls.has(account.accountId) && waited < 2_000; waited += 20) await delay(20);
  const admin = new Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  const { rows } = await admin.query(
    `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'gateway refresh' AND state = 'idle in transaction'`,
  );
  await admin.end();
  expect(rows).toEqual([{ cut: true }]);
  const token = await caller;
  expect(token).toMatch(/^access-/);
  expect(await ask(account)).toBe(token);
  expect(server.calls.get(account.accountId)).toBe(1);
  expect(await one(account.personId, "SELECT generation, failures FROM grants")).toEqual([
    { generation: 2, failures: 0 },
  ]);
});

test("a lost answer is followed by one more attempt with the same token, not two", async () => {
  server.losesAnswers = true;
  const account = await newAccount("lost");
  expect(await ask(account)).toBe("UpstreamFailure");
  expect(server.calls.get(account.accountId)).toBe(2);
  // The grant is left as it is, and rests.
  expect(await one(account.personId, "SELECT status FROM accounts")).toEqual([{ status: "ACTIVE" }]);
  expect(await ask(account)).toBe("UpstreamFailure");
  expect(server.calls.get(account.accountId)).toBe(2);
  const [rest] = await one(
    account.personId,
    "SELECT failures, extract(epoch FROM retry_at - now())::float8 AS seconds FROM grants",
  );
  expect(rest.failures).toBe(1);
  expect(rest.seconds).toBeGreaterThan(25);
  expect(rest.seconds).toBeLessThanOrEqual(31);
});

test("a provider that is out of reach costs no account: the cool-down doubles with every failure", async () => {
  const account = await newAccount("away");
  const url = new URL(server.url);
  await server.stop();
  const rests: number[] = [];
  for (let failure = 0; failure < 3; failure += 1) {
    expect(await ask(account)).toBe("UpstreamFailure");
    const [{ seconds }] = await one(
      account.personId,
      "SELECT extract(epoch FROM retry_at - now())::float8 AS seconds FROM grants",
    );
    rests.push(Math.round(seconds / 10) * 10);
    await one(account.personId, "UPDATE grants SET retry_at = now() - interval '1 second'");
  }
  expect([url.hostname, rests]).toEqual(["127.0.0.1", [30, 60, 120]]);
  expect(await one(account.personId, "SELECT status FROM accounts")).toEqual([{ status: "ACTIVE" }]);
});

test("a token refused by the API is refreshed once, however many callers were refused", async () => {
  const account = await newAccount("refused");
  await ask(account);
  const refused = await parts.tokens.accessToken(account.personId, account.accountId);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      parts.tokens.afterRefusal(account.personId, account.accountId, refused.generation),
    ),
  );
  expect(new Set(answers.map(({ generation }) => generation))).toEqual(new Set([refused.generation + 1]));
  expect(server.calls.get(account.accountId)).toBe(2);
  await expect(
    parts.tokens.afterRefusal(account.personId, account.accountId, refused.generation + 1),
  ).rejects.toMatchObject({ kind: "UNAUTHORIZED" });
  expect(server.calls.get(account.accountId)).toBe(2);
});
