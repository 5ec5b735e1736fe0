import { type FreshDatabase, migratedCopy } from "../support/services";
import { expiredAccount, tokenParts } from "../support/token-parts";
import { Worker } from "../support/token-process";
import { refreshRounds } from "../support/token-rounds";
import { TokenServer } from "../support/token-server";
import { until } from "../support/token-vendor";

const ROUNDS = Number(process.env.TOKEN_ROUNDS ?? 5);
const SLOW_ROUND = 3;
const NAIVE_ROUNDS = 2;

let database: FreshDatabase;

beforeAll(async () => {
  database = await migratedCopy();
});

afterAll(() => database.drop());

const mean = (calls: readonly number[]) => (calls.reduce((sum, one) => sum + one, 0) / calls.length).toFixed(3);

test(
  "4 processes × 25 callers: exactly one token call per expiry, no account lost, slow answers included",
  async () => {
    const crowd = { databaseUrl: database.url, processes: 4, callers: 25 };
    const result = await refreshRounds({
      ...crowd,
      rounds: ROUNDS,
      // One round is slower than callers wait: they are told to come again, and the exchange goes on.
      latencyMs: (round) => (round % ROUNDS === SLOW_ROUND ? 3_000 : 300),
    });
    const naive = await refreshRounds({ ...crowd, rounds: NAIVE_ROUNDS, latencyMs: () => 300, naive: true });
    const { callsPerExpiry, lostAccounts, served, toldToWait } = result;
    console.log(
      [
        "4 processes × 25 callers, answers after 300 ms (ours: one round 3 s)         ours   without a lock",
        `expiries                            ${result.rounds}   ${naive.rounds}`,
        `provider token calls per expiry     ${mean(callsPerExpiry)} (${callsPerExpiry.join(" ")})   ${mean(naive.callsPerExpiry)} (${naive.callsPerExpiry.join(" ")})`,
        `accounts lost                       ${lostAccounts}   ${naive.lostAccounts}`,
        `callers served / told to come again ${served} / ${toldToWait}   ${naive.served} / ${naive.toldToWait}`,
      ].join("\n"),
    );
    expect(callsPerExpiry).toEqual(callsPerExpiry.map(() => 1));
    expect(lostAccounts).toBe(0);
    expect(served).toBeGreaterThan(toldToWait);
    expect(naive.lostAccounts).toBe(naive.rounds);
  },
  ROUNDS * 15_000 + 60_000,
);

describe("a process that holds the grant during the exchange", () => {
  let server: TokenServer;
  let parts: Awaited<ReturnType<typeof tokenParts>>;
  let started: readonly Worker[] = [];
  let workers: Worker[];
  beforeAll(async () => {
    server = await TokenServer.start();
    parts = await tokenParts(database.url, server.url);
    started = await Promise.all(Array.from({ length: 3 }, () => Worker.start(database.url, server.url)));
    workers = [...started];
  });
  afterAll(async () => {
    for (const worker of started) worker.signal("SIGKILL");
    await parts.close();
    await server.stop();
  });

  /** An account whose refresh the first worker has begun; its answer takes `latencyMs`. */
  async function begun(name: string, latencyMs: number) {
    const { personId, accountId } = await expiredAccount(parts, name, (id) => server.issue(id));
    server.latencyMs = latencyMs;
    const holder = workers.shift() as Worker;
    const answer = holder.ask(`${personId} ${accountId} 1`);
    answer.catch(() => undefined);
    const calls = () => server.calls.get(accountId) ?? 0;
    await until(() => calls() === 1);
    const row = async (sql: string) =>
      (await parts.database.person(personId, (tx) => tx.query(sql, [accountId])))[0]?.value;
    const ask = async (worker: Worker, callers: number) => [
      ...new Set(await worker.ask(`${personId} ${accountId} ${callers}`)),
    ];
    return {
      ...{ holder, answer, calls, ask },
      status: () => row("SELECT status AS value FROM accounts WHERE id = $1"),
      outcomes: () =>
        row("SELECT array_agg(outcome ORDER BY started_at) AS value FROM refresh_attempts WHERE account_id = $1"),
      /** As if ten seconds had passed. */
      age: () =>
        row("UPDATE refresh_attempts SET started_at = started_at - interval '10 seconds' WHERE account_id = $1"),
    };
  }

  test("and is frozen: the others are told to come again, nobody asks the provider twice", async () => {
    const at = await begun("frozen", 500);
    at.holder.signal("SIGSTOP");
    const waiting = await at.ask(workers[0] as Worker, 10);
    expect(waiting).toEqual(["UpstreamFailure"]);
    // The answer came long ago; the lock holds all the same.
    expect(await at.ask(workers[1] as Worker, 10)).toEqual(["UpstreamFailure"]);
    expect(at.calls()).toBe(1);
    at.holder.signal("SIGCONT");
    // Its own caller's patience has ended meanwhile; the exchange has not.
    await at.answer;
    const [token] = await at.ask(at.holder, 1);
    expect(token).toMatch(/^access-/);
    expect(await at.ask(workers[0] as Worker, 10)).toEqual([token]);
    expect([at.calls(), await at.outcomes()]).toEqual([1, ["REPLACED"]]);
    workers.push(at.holder);
  });

  test.each([
    ["strict", false, "ReconnectRequired", "RECONNECT_REQUIRED", "REFUSED"],
    ["forgiving", true, /^access-/, "ACTIVE", "REPLACED"],
  ])("and is killed, at a %s vendor: the account ends by name", async (name, forgiving, got, status, outcome) => {
    server.forgiving = forgiving;
    const at = await begun(`killed-${name}`, 1_000);
    at.holder.signal("SIGKILL");
    // A living process that only lost its database session looks the same: for ten seconds nobody sends the token again.
    const [survivor] = workers as [Worker];
    expect(await at.ask(survivor, 5)).toEqual(["UpstreamFailure"]);
    expect(at.calls()).toBe(1);
    await at.age();
    server.latencyMs = 20;
    for (let again = 0; again < 3; again++) {
      const answers = await at.ask(survivor, 5);
      expect(answers).toEqual([typeof got === "string" ? got : expect.stringMatching(got)]);
    }
    expect(at.calls()).toBe(2);
    expect([await at.status(), await at.outcomes()]).toEqual([status, ["UNKNOWN", outcome]]);
  });
});
