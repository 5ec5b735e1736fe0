import { sweepExpired } from "../../src/db/repositories/housekeeping";
import { openTokens } from "../../src/services/tokens/token-payload";
import { errorOf, type TokenVendor, TokenWorld, until } from "../support/token-vendor";
import { acmeWith } from "../unit/simulator/acme";

/** Tables that hold what was stored from an account, with a row for each. */
const PLANTED: Readonly<Record<string, string>> = {
  records: "endpoint, kind, key, day, body, document_id, mapper_version, fetch_started_at",
  raw_documents: "endpoint, document_id, content_hash, sealed_body, fetched_at",
  set_aside_documents: "endpoint, content_hash, days, path, problem, sealed_body, seen_at, expires_at",
  coverage_days: "endpoint, day, checked_at",
  coverage_settled: "endpoint, known",
  fetches: "endpoint, id, days, started_at, finished_at, changed, deleted, set_aside",
  flights: "endpoint, owner, started_at, progressed_at, expires_at",
  refresh_attempts: "id, generation, token_hash_prefix",
};
const VALUES: Readonly<Record<string, string>> = {
  records: "'e', 'k', 'one', '2026-01-01', '{}', 'd', 1, now()",
  raw_documents: "'e', 'd', 'h', 's', now()",
  set_aside_documents: "'e', 'h', '{[2026-01-01,2026-01-02)}', 'p', 'p', 's', now(), now()",
  coverage_days: "'e', '2026-01-01', now()",
  coverage_settled: "'e', '{[2026-01-01,2026-01-02)}'",
  fetches: "'e', gen_random_uuid(), '{[2026-01-01,2026-01-02)}', now(), now(), 1, 0, 0",
  flights: "'e', gen_random_uuid(), now(), now(), now()",
  refresh_attempts: "gen_random_uuid(), 1, 'abcdef01'",
};

let world: TokenWorld;
let vendor: TokenVendor;
beforeAll(async () => {
  world = await TokenWorld.create();
});
afterAll(() => world.close());
beforeEach(async () => {
  vendor = await world.vendor();
});
afterEach(() => world.reset());

const undo = (person: { id: string }, deleteData = false) =>
  vendor.linking().disconnect({ id: person.id, externalId: "" }, { provider: "acme", deleteData });

async function linked() {
  const person = await world.person();
  const account = await vendor.link(person);
  const { value } = await vendor.tokens.accessToken(person.id, account.id);
  return { person, account, value };
}

async function plant(personId: string, accountId: string): Promise<void> {
  for (const [table, columns] of Object.entries(PLANTED)) {
    await world.rows(`INSERT INTO ${table} (person_id, account_id, ${columns}) VALUES ($1, $2, ${VALUES[table]})`, [
      personId,
      accountId,
    ]);
  }
}

async function left(accountId: string): Promise<string[]> {
  const tables = await world.rows<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'account_id' AND table_schema = 'public'",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await world.rows(`SELECT 1 FROM ${name} WHERE account_id = $1`, [accountId]);
    if (rows.length > 0) found.push(name);
  }
  return found.sort();
}

test("forgets the tokens, revokes them, keeps the data, and tells readers", async () => {
  const { person, account, value } = await linked();
  await plant(person.id, account.id);
  const version = await world.dataVersion(person);
  expect(await undo(person)).toEqual({ revokedAtProvider: true, deletedRecords: null });
  expect(await vendor.accepts(value)).toBe(false);
  expect(await left(account.id)).toEqual(Object.keys(PLANTED).sort());
  expect(await world.dataVersion(person)).toBe(version + 1);
  expect(vendor.versions.at(-1)).toBe(version + 1);
  expect(await errorOf(vendor.tokens.accessToken(person.id, account.id))).toMatchObject({ name: "AccountFenced" });
  expect(await errorOf(undo(person))).toMatchObject({ code: "NOT_CONNECTED" });
});

test("deleteData counts the records that could be read and empties every table, also of accounts left before", async () => {
  const person = await world.person();
  const first = await vendor.link(person, "anna");
  await plant(person.id, first.id);
  const second = await vendor.link(person, "berta");
  await plant(person.id, second.id);
  await world.rows(
    `INSERT INTO records (person_id, account_id, endpoint, kind, key, day, document_id, mapper_version, fetch_started_at)
     SELECT person_id, account_id, endpoint, kind, 'gone', day, document_id, 1, now() FROM records WHERE account_id = $1`,
    [second.id],
  );
  expect(await undo(person, true)).toEqual({ revokedAtProvider: true, deletedRecords: 2 });
  expect([await left(first.id), await left(second.id)]).toEqual([[], []]);
  expect(await errorOf(undo(person, true))).toMatchObject({ code: "NOT_CONNECTED" });
});

test("deleteData after a disconnect that kept the data erases it", async () => {
  const { person, account } = await linked();
  await plant(person.id, account.id);
  await undo(person);
  expect(await undo(person, true)).toEqual({ revokedAtProvider: null, deletedRecords: 1 });
  expect(await left(account.id)).toEqual([]);
});

test("somebody else's account stays as it is", async () => {
  const [one, two] = [await linked(), await linked()];
  await plant(two.person.id, two.account.id);
  await undo(one.person, true);
  expect(await left(two.account.id)).toEqual([...Object.keys(PLANTED), "grants"].sort());
  expect(await vendor.accepts(two.value)).toBe(true);
});

test("a provider that does not answer the revocation: unlinked all the same, revokedAtProvider false", async () => {
  const { person, account } = await linked();
  vendor.simulator.faults.add({ kind: "revoke", effect: "server_error", status: 503 });
  expect(await undo(person)).toEqual({ revokedAtProvider: false, deletedRecords: null });
  expect(await left(account.id)).toEqual([]);
});

test("a provider that has no revocation: null", async () => {
  const { revocation: _none, ...oauth } = acmeWith({}).oauth;
  vendor = await world.vendor({ ...acmeWith({}), oauth });
  const { person } = await linked();
  expect(await undo(person)).toEqual({ revokedAtProvider: null, deletedRecords: null });
});

test("a revocation that names the vendor's user in its address", async () => {
  vendor = await world.vendor(
    acmeWith({
      revocation: {
        url: "https://api.acme.example/users/{vendorUserId}",
        method: "DELETE",
        token: "access",
        tokenIn: "bearer",
      },
    }),
  );
  const { person, account } = await linked();
  const { vendor_user_id } = await world.one("SELECT vendor_user_id FROM accounts WHERE id = $1", [account.id]);
  expect((await undo(person)).revokedAtProvider).toBe(true);
  const revocations = vendor.simulator.calls().filter((call) => call.kind === "revoke");
  expect(revocations.map((call) => [call.method, call.path])).toEqual([["DELETE", `/users/${vendor_user_id}`]]);
});

describe("during a refresh", () => {
  const slowly = async (effect: Record<string, unknown> = {}) => {
    const { person, account } = await vendor.expired();
    vendor.simulator.faults.add({ kind: "refresh", effect: "delay", ms: 2_000, workFirst: true });
    if ("effect" in effect) vendor.simulator.faults.add({ kind: "refresh", ...effect } as never);
    const asking = errorOf(vendor.tokens.accessToken(person.id, account.id));
    await until(() => vendor.calls("refresh") === 1);
    return { person, account, asking };
  };

  test("disconnects at once; what the exchange brings is given back and nothing sealed stays", async () => {
    const { person, account, asking } = await slowly();
    let exchanged = false;
    const exchange = asking.finally(() => {
      exchanged = true;
    });
    expect(await undo(person, true)).toEqual({ revokedAtProvider: false, deletedRecords: 0 });
    expect(exchanged).toBe(false);
    await exchange;
    expect(await asking).toMatchObject({ name: "AccountFenced" });
    expect(await left(account.id)).toEqual([]);
    expect(vendor.outcomes).toEqual(["fenced"]);
    expect(vendor.calls("revoke")).toBe(1);
    expect(vendor.simulator.withdraw(person.id)).toBe(0);
  });

  test("that fails: the tokens that were stored are given back", async () => {
    vendor = await world.vendor(
      acmeWith({
        refresh: "lasting",
        revocation: { url: "https://api.acme.example/oauth/revoke", method: "POST", token: "refresh", tokenIn: "form" },
      }),
    );
    const { person, account, asking } = await slowly({ effect: "server_error", status: 500 });
    await undo(person);
    expect(await asking).toMatchObject({ name: "AccountFenced" });
    expect(await left(account.id)).toEqual(["refresh_attempts"]);
    expect(vendor.simulator.withdraw(person.id)).toBe(0);
  });

  test("linking the same vendor user waits for it, without deadlock, and its own tokens stay", async () => {
    const { person, account, asking } = await slowly();
    const again = await vendor.link(person);
    await asking.catch(() => undefined);
    expect([again.id, again.grantNumber]).toEqual([account.id, account.grantNumber + 1]);
    const { value } = await vendor.tokens.accessToken(person.id, account.id);
    expect(await vendor.accepts(value)).toBe(true);
    expect((await vendor.stored(person, account.id)).accessToken).toBe(value);
  });

  test("a grant that a killed process left behind is swept", async () => {
    const { person, account } = await linked();
    await world.rows("UPDATE accounts SET status = 'DISCONNECTED' WHERE id = $1", [account.id]);
    expect(await errorOf(vendor.tokens.accessToken(person.id, account.id))).toMatchObject({ name: "AccountFenced" });
    expect(await sweepExpired(world.at.database)).toBeGreaterThanOrEqual(1);
    expect(await left(account.id)).toEqual([]);
  });
});

test("no token that was ever issued is readable in any table", async () => {
  const secrets: string[] = [];
  for (const kind of ["token", "refresh"] as const) {
    vendor.simulator.faults.add({
      kind,
      effect: "transform",
      transform: (body) => {
        const { access_token, refresh_token } = body as Record<string, string>;
        if (access_token && refresh_token) secrets.push(access_token, refresh_token);
        return body;
      },
    });
  }
  const person = await world.person();
  const parkedFor = await world.person();
  const back = await vendor.consent(parkedFor);
  await vendor.linking("app").callback("acme", back.searchParams);
  const account = await vendor.link(person);
  vendor.ahead += 7_200;
  await vendor.tokens.accessToken(person.id, account.id);
  vendor.simulator.withdraw(person.id);
  vendor.ahead += 7_200;
  await errorOf(vendor.tokens.accessToken(person.id, account.id));
  expect(secrets.length).toBe(6);
  secrets.push(back.searchParams.get("state")!, back.searchParams.get("code")!);

  const tables = await world.rows<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  let dumped = "";
  for (const { name } of tables) {
    const rows = await world.rows<{ text: string; bytes: string }>(`SELECT t::text AS text FROM ${name} t`);
    dumped += rows.map(({ text }) => text).join("\n");
  }
  const decoded = [...dumped.matchAll(/\\x([0-9a-f]+)/g)].map((match) =>
    Buffer.from(match[1]!, "hex").toString("latin1"),
  );
  expect(decoded.length).toBeGreaterThan(2);
  const everything = dumped + decoded.join("\n");
  for (const secret of secrets) expect(everything.includes(secret)).toBe(false);
  // The dump is a dump: what is stored openly is found in it, and the sealed tokens open with the key.
  expect(everything).toContain(account.id);
  const { sealed_tokens } = await world.grant(account.id);
  const opened = openTokens(await world.at.vaults.of(person.id), "acme", account.id, sealed_tokens);
  expect(secrets).toContain(opened.accessToken);
});
