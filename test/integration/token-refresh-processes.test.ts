import { migrate } from "../../src/db/migrate";
import { type FreshDatabase, freshDatabase } from "../support/services";
import { refreshRounds } from "../support/token-rounds";

const ROUNDS = Number(process.env.TOKEN_ROUNDS ?? 6);
const SLOW_ROUND = 3;

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await migrate(database.url);
});

afterAll(() => database.drop());

test(
  "4 processes × 25 callers: exactly one token call per expiry, no account lost, slow answers included",
  async () => {
    const result = await refreshRounds({
      databaseUrl: database.url,
      rounds: ROUNDS,
      processes: 4,
      callers: 25,
      // One round is slower than callers wait: they are told to come again, and the exchange goes on.
      latencyMs: (round) => (round % ROUNDS === SLOW_ROUND ? 3_000 : 300),
    });
    const { callsPerExpiry, lostAccounts, served, toldToWait } = result;
    const mean = callsPerExpiry.reduce((sum, calls) => sum + calls, 0) / callsPerExpiry.length;
    console.log(
      [
        `${result.rounds} expiries, 4 processes × 25 callers, answers after 300 ms (one round 3 s)`,
        `provider token calls per expiry: ${mean.toFixed(3)} (${callsPerExpiry.join(" ")})`,
        `accounts lost: ${lostAccounts}; callers served ${served}, told to come again ${toldToWait}`,
      ].join("\n"),
    );
    expect(callsPerExpiry).toEqual(callsPerExpiry.map(() => 1));
    expect(lostAccounts).toBe(0);
    expect(served).toBeGreaterThan(toldToWait);
  },
  ROUNDS * 15_000 + 60_000,
);
