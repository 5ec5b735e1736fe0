import { ReconnectRequired, UpstreamFailure } from "../../src/domain/errors";
import { errorOf, type TokenVendor, TokenWorld, until } from "../support/token-vendor";

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

const fault = (effect: Record<string, unknown>, times?: number) =>
  vendor.simulator.faults.add({ kind: "refresh", ...effect, ...(times ? { times } : {}) } as never);

describe("a token that is good", () => {
  test("is given out as it is", async () => {
    const person = await world.person();
    const account = await vendor.link(person);
    const first = await vendor.tokens.accessToken(person.id, account.id);
    expect(first).toEqual(await vendor.tokens.accessToken(person.id, account.id));
    expect(await vendor.accepts(first.value)).toBe(true);
    expect(vendor.calls("refresh")).toBe(0);
  });

  test("is refreshed a minute before it ends, and not earlier", async () => {
    const person = await world.person();
    const account = await vendor.link(person);
    vendor.ahead += 3_600 - 65;
    await vendor.tokens.accessToken(person.id, account.id);
    expect(vendor.calls("refresh")).toBe(0);
    vendor.ahead += 10;
    const { generation } = await vendor.tokens.accessToken(person.id, account.id);
    expect([vendor.calls("refresh"), generation]).toEqual([1, 2]);
  });

  test("is used to its last second where the token endpoint is out of order", async () => {
    const person = await world.person();
    const account = await vendor.link(person);
    vendor.ahead += 3_600 - 30;
    fault({ effect: "server_error", status: 503 });
    const first = await vendor.tokens.accessToken(person.id, account.id);
    expect(await vendor.accepts(first.value)).toBe(true);
    expect(await vendor.tokens.accessToken(person.id, account.id)).toEqual(first);
    expect(vendor.calls("refresh")).toBe(1);
  });
});

describe("a token that ended", () => {
  test("is refreshed by one call for 50 callers", async () => {
    const { person, account, ask } = await vendor.expired();
    const values = new Set(await Promise.all(Array.from({ length: 50 }, ask)));
    expect(values.size).toBe(1);
    expect(vendor.calls("refresh")).toBe(1);
    expect(await vendor.accepts([...values][0]!)).toBe(true);
    expect((await vendor.stored(person, account.id)).accessToken).toBe([...values][0]);
    expect(await world.rows("SELECT outcome FROM refresh_attempts WHERE account_id = $1", [account.id])).toEqual([
      { outcome: "REPLACED" },
    ]);
  });

  test("is refreshed with the margin of a tenth where tokens live shortly", async () => {
    vendor.simulator.change({ accessTokenSeconds: 100 });
    const person = await world.person();
    const account = await vendor.link(person);
    vendor.ahead += 85;
    await vendor.tokens.accessToken(person.id, account.id);
    expect(vendor.calls("refresh")).toBe(0);
    vendor.ahead += 10;
    await vendor.tokens.accessToken(person.id, account.id);
    expect(vendor.calls("refresh")).toBe(1);
  });

  test("whose provider takes 4 s: callers wait 2.5 s, the exchange completes, nobody asks twice", async () => {
    const { person, account, ask } = await vendor.expired();
    fault({ effect: "delay", ms: 4_000, workFirst: true });
    const begun = performance.now();
    const errors = await Promise.all([errorOf(ask()), errorOf(ask())]);
    const waited = performance.now() - begun;
    expect(errors).toEqual([expect.any(UpstreamFailure), expect.any(UpstreamFailure)]);
    expect(errors[0].kind).toBe("UNAVAILABLE");
    expect(waited).toBeGreaterThan(2_400);
    expect(waited).toBeLessThan(3_500);
    await vendor.tokens.settled();
    expect(await vendor.accepts(await ask())).toBe(true);
    expect(vendor.calls("refresh")).toBe(1);
    expect((await world.grant(account.id)).status).toBe("ACTIVE");
    expect((await vendor.stored(person, account.id)).expiresAt).toBeGreaterThan(vendor.now());
  });

  test("at most three exchanges at a provider at once", async () => {
    const people = [];
    for (let i = 0; i < 6; i++) {
      const person = await world.person();
      people.push({ person, account: await vendor.link(person) });
    }
    vendor.ahead += 7_200;
    fault({ effect: "delay", ms: 900 });
    const asking = people.map(({ person, account }) => vendor.tokens.accessToken(person.id, account.id));
    await until(() => vendor.calls("refresh") === 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(vendor.calls("refresh")).toBe(3);
    await Promise.allSettled(asking);
    await until(() => vendor.calls("refresh") === 6);
  });
});

describe("an access token that the provider refuses", () => {
  test("is refreshed once for all who were refused", async () => {
    const person = await world.person();
    const account = await vendor.link(person);
    const { generation } = await vendor.tokens.accessToken(person.id, account.id);
    const other = vendor.gateway();
    const tokens = await Promise.all(
      [vendor.tokens, other].flatMap((gateway) =>
        Array.from({ length: 10 }, () => gateway.afterRefusal(person.id, account.id, generation)),
      ),
    );
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
    expect(tokens[0]!.generation).toBe(generation + 1);
    expect(vendor.calls("refresh")).toBe(1);
  });

  test("is not refreshed again where the new one is refused within a minute", async () => {
    const person = await world.person();
    const account = await vendor.link(person);
    const { generation } = await vendor.tokens.accessToken(person.id, account.id);
    const next = await vendor.tokens.afterRefusal(person.id, account.id, generation);
    expect(await errorOf(vendor.tokens.afterRefusal(person.id, account.id, next.generation))).toMatchObject({
      kind: "UNAUTHORIZED",
    });
    expect(vendor.calls("refresh")).toBe(1);
    vendor.ahead += 61;
    await vendor.tokens.afterRefusal(person.id, account.id, next.generation);
    expect(vendor.calls("refresh")).toBe(2);
  });
});

describe("invalid_grant", () => {
  test("of a token that is still the stored one: RECONNECT_REQUIRED, told once, ciphertext kept", async () => {
    const { person, account, ask } = await vendor.expired();
    vendor.simulator.withdraw(person.id);
    const [before, version] = [await world.grant(account.id), await world.dataVersion(person)];
    const errors = await Promise.all(Array.from({ length: 10 }, () => errorOf(ask())));
    for (const error of errors) expect(error).toBeInstanceOf(ReconnectRequired);
    expect(await errorOf(ask())).toBeInstanceOf(ReconnectRequired);
    const after = await world.grant(account.id);
    expect(after.status).toBe("RECONNECT_REQUIRED");
    expect(after.sealed_tokens).toEqual(before.sealed_tokens);
    expect(after.refused_at).not.toBeNull();
    expect(await world.dataVersion(person)).toBe(version + 1);
    expect(vendor.versions.at(-1)).toBe(version + 1);
    expect(vendor.calls("refresh")).toBe(1);
    const audited = "SELECT event FROM audit_events WHERE person_id = $1 AND event = 'RECONNECT_REQUIRED'";
    expect(await world.rows(audited, [person.id])).toHaveLength(1);
  });

  test("of a token that somebody replaced meanwhile: theirs is used, nothing is revoked", async () => {
    const { person, account } = await vendor.expired();
    fault({ effect: "delay", ms: 600 }, 1);
    const asking = vendor.tokens.accessToken(person.id, account.id);
    await until(() => vendor.calls("refresh") === 1);
    // Somebody whose session does not honour the lock: as after a database session that was lost.
    await world.rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gateway refresh' AND state = 'idle in transaction' AND datname = current_database()",
    );
    await world.rows(
      "UPDATE refresh_attempts SET started_at = started_at - interval '1 minute' WHERE account_id = $1",
      [account.id],
    );
    const theirs = await vendor.gateway().accessToken(person.id, account.id);
    expect(await asking).toEqual(theirs);
    expect((await world.grant(account.id)).status).toBe("ACTIVE");
  });

  test("for a grant that was linked again works at once", async () => {
    const { person, account, ask } = await vendor.expired();
    vendor.simulator.withdraw(person.id);
    await errorOf(ask());
    const again = await vendor.link(person);
    expect([again.id, again.status]).toEqual([account.id, "ACTIVE"]);
    expect(await vendor.accepts(await ask())).toBe(true);
  });
});

describe("what never revokes", () => {
  test.each<[string, Record<string, unknown>]>([
    ["invalid_client", { effect: "oauth_error", error: "invalid_client", status: 401 }],
    ["unauthorized_client", { effect: "oauth_error", error: "unauthorized_client" }],
    ["invalid_request", { effect: "oauth_error", error: "invalid_request" }],
    ["500", { effect: "server_error", status: 500 }],
    ["503 with invalid_grant in it", { effect: "answer", status: 503, body: { error: "invalid_grant" } }],
    ["403 of a firewall", { effect: "answer", status: 403, body: "<html>" }],
    ["404", { effect: "answer", status: 404, body: {} }],
    ["200 with HTML", { effect: "html" }],
    ["200 without a body", { effect: "empty" }],
    ["200 cut off", { effect: "truncated" }],
    ["200 with null", { effect: "set", pointer: "", value: null }],
    ["200 with a list", { effect: "set", pointer: "", value: [] }],
    ["200 with a limited rate in it", { effect: "answer", status: 200, body: { error: "rate_limited" } }],
    ["200 without an access token", { effect: "unset", pointer: "/access_token" }],
    ["200 with an access token of spaces", { effect: "set", pointer: "/access_token", value: " \n" }],
  ])("%s", async (_name, effect) => {
    const { account, ask } = await vendor.expired();
    fault(effect);
    expect(await errorOf(ask())).toBeInstanceOf(UpstreamFailure);
    expect(await errorOf(ask())).toMatchObject({ kind: "UNAVAILABLE", details: { retryAt: expect.any(Number) } });
    const grant = await world.grant(account.id);
    expect(grant).toMatchObject({ status: "ACTIVE", failures: 1, refused_at: null });
    expect(grant.retry_at.getTime() / 1_000).toBeGreaterThan(vendor.now() + 20);
    expect(vendor.calls("refresh")).toBe(1);
  });

  test("cool-downs grow from 30 s to an hour and end with the first success", async () => {
    const { account, ask } = await vendor.expired();
    const id = fault({ effect: "server_error", status: 502 });
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await errorOf(ask());
      const { retry_at } = await world.grant(account.id);
      waits.push(Math.round(retry_at.getTime() / 1_000 - vendor.now()));
      vendor.ahead += waits.at(-1)! - 3;
      await errorOf(ask());
      expect(vendor.calls("refresh")).toBe(i + 1);
      vendor.ahead += 5;
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    vendor.simulator.faults.remove(id);
    expect(await vendor.accepts(await ask())).toBe(true);
    expect(await world.grant(account.id)).toMatchObject({ failures: 0, retry_at: null });
  });

  test("429: its Retry-After holds where it is longer, clamped to an hour", async () => {
    const { account, ask } = await vendor.expired();
    fault({ effect: "rate_limited", retryAfter: "600" }, 1);
    expect(await errorOf(ask())).toMatchObject({ kind: "RATE_LIMITED" });
    const wait = (await world.grant(account.id)).retry_at.getTime() / 1_000 - vendor.now();
    expect(Math.round(wait / 10)).toBe(60);
    vendor.ahead += 601;
    fault({ effect: "rate_limited", retryAfter: "315360000" }, 1);
    await errorOf(ask());
    const next = (await world.grant(account.id)).retry_at.getTime() / 1_000 - vendor.now();
    expect(next).toBeLessThanOrEqual(3_600);
  });
});
