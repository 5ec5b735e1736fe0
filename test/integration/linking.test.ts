import { errorOf, RETURN_URL, type TokenVendor, TokenWorld } from "../support/token-vendor";
import { acme, acmeWith } from "../unit/simulator/acme";

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

const PAGE_400 = expect.objectContaining({ kind: "page", status: 400 });
const accountsOf = (personId: string) =>
  world.rows(
    "SELECT id, vendor_user_id, status, grant_number FROM accounts WHERE person_id = $1 ORDER BY connected_at",
    [personId],
  );
const eventsOf = async (personId: string) =>
  (await world.rows("SELECT event FROM audit_events WHERE person_id = $1 ORDER BY at", [personId])).map(
    (row) => row.event,
  );

/** Nothing is linked, and what the vendor may have granted was given back. */
async function nothingLinked(personId: string): Promise<void> {
  expect(await accountsOf(personId)).toEqual([]);
  expect(vendor.simulator.withdraw(personId)).toBe(0);
}

describe("connect", () => {
  const connect = (input: Partial<Parameters<ReturnType<TokenVendor["linking"]>["connect"]>[1]>) =>
    world
      .person()
      .then((person) =>
        vendor.linking().connect(person, { provider: "acme", scopes: null, returnUrl: null, ...input }),
      );

  test.each([
    ["bare", { provider: "bare" }, "PROVIDER_NOT_CONFIGURED", "provider"],
    ["returnUrl", { returnUrl: `${RETURN_URL}/` }, "RETURN_URL_NOT_ALLOWED", "returnUrl"],
    ["scopes", { scopes: ["sleep", "all"] }, "SCOPE_UNKNOWN", "scopes"],
  ])("refuses %s by name", async (_name, input, code, field) => {
    expect(await errorOf(connect(input))).toMatchObject({ code, details: { field: ["input", field] } });
  });

  test("asks with PKCE, a state of 256 bits and the default scopes, for ten minutes", async () => {
    const start = await connect({});
    const asked = new URL(start.authorizationUrl).searchParams;
    expect(asked.get("scope")).toBe("sleep profile");
    expect(asked.get("code_challenge_method")).toBe("S256");
    expect(asked.get("state")).toBe(start.state);
    expect(start.state).toMatch(/^[\w-]{43}$/);
    expect(Math.round(start.expiresAt - vendor.now())).toBeGreaterThanOrEqual(598);
    expect(start.expiresAt - vendor.now()).toBeLessThanOrEqual(600);
    const stored = await world.rows("SELECT * FROM link_states");
    expect(JSON.stringify(stored)).not.toContain(start.state);
  });
});

describe("the callback", () => {
  test("links: account, grant, scopes as granted, data version, audit", async () => {
    const person = await world.person();
    const version = await world.dataVersion(person);
    const back = await vendor.consent(person);
    expect(await vendor.linking().callback("acme", back.searchParams)).toMatchObject({ kind: "page", status: 200 });
    const [account] = await accountsOf(person.id);
    expect(account).toMatchObject({ status: "ACTIVE", grant_number: 1 });
    expect(account!.vendor_user_id).toMatch(/^[0-9a-f]{32}$/);
    expect((await world.grant(String(account!.id))).granted_scopes).toEqual(["ext:sleep", "ext:profile"]);
    expect(await world.dataVersion(person)).toBe(version + 1);
    expect(vendor.versions).toEqual([version + 1]);
    expect(await eventsOf(person.id)).toEqual(["LINKED"]);
    const token = await vendor.tokens.accessToken(person.id, String(account!.id));
    expect(await vendor.accepts(token.value)).toBe(true);
  });

  test("sends back to returnUrl, whose own parameters stay", async () => {
    const person = await world.person();
    const back = await vendor.consent(person, { returnUrl: RETURN_URL });
    const outcome = await vendor.linking().callback("acme", back.searchParams);
    expect(outcome).toEqual({ kind: "redirect", location: `${RETURN_URL}&status=connected&provider=acme` });
  });

  test("a state used 100 times at once: one exchange, 99 refusals", async () => {
    const person = await world.person();
    const back = await vendor.consent(person);
    const linking = vendor.linking();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => linking.callback("acme", back.searchParams)));
    const statuses = outcomes.map((outcome) => outcome.kind === "page" && outcome.status).sort();
    expect(statuses).toEqual([200, ...Array<number>(99).fill(400)]);
    expect(vendor.calls("token")).toBe(1);
    expect(vendor.simulator.killedGrants()).toEqual([]);
    expect(await accountsOf(person.id)).toHaveLength(1);
  });

  test.each<[string, (back: URLSearchParams) => void]>([
    ["no state", (back) => back.delete("state")],
    ["an empty state", (back) => back.set("state", "")],
    ["a forged state", (back) => back.set("state", "A".repeat(43))],
    ["a doubled state", (back) => back.append("state", back.get("state")!)],
    ["a doubled code", (back) => back.append("code", "b")],
    ["a code of 10 kB", (back) => back.set("code", "c".repeat(10_240))],
    ["a code with NUL", (back) => back.set("code", "a\0b")],
    ["a state with NUL", (back) => back.set("state", `${back.get("state")}\0`)],
    ["a doubled error", (back) => ["a", "b"].forEach((error) => void back.append("error", error))],
    ["no code", (back) => back.delete("code")],
  ])("%s: 400, and no request leaves", async (_name, change) => {
    const person = await world.person();
    const back = (await vendor.consent(person)).searchParams;
    change(back);
    expect(await vendor.linking().callback("acme", back)).toEqual(PAGE_400);
    expect(vendor.calls("token")).toBe(0);
    expect(await accountsOf(person.id)).toEqual([]);
  });

  test("a state older than ten minutes: 400", async () => {
    const person = await world.person();
    const back = await vendor.consent(person);
    vendor.ahead += 601;
    expect(await vendor.linking().callback("acme", back.searchParams)).toEqual(PAGE_400);
    expect(vendor.calls("token")).toBe(0);
  });

  test("a state brought to another wearable's callback: 400, audited, spent, no request leaves", async () => {
    const person = await world.person();
    const back = await vendor.consent(person);
    expect(await vendor.linking().callback("other", back.searchParams)).toEqual(PAGE_400);
    expect(await vendor.linking().callback("acme", back.searchParams)).toEqual(PAGE_400);
    expect(vendor.calls("token")).toBe(0);
    expect(await eventsOf(person.id)).toEqual(["LINK_STATE_MISUSED"]);
  });

  test.each([
    [null, { kind: "page", status: 400 }],
    [RETURN_URL, { kind: "redirect", location: `${RETURN_URL}&error=AUTHORIZATION_DENIED&provider=acme` }],
  ])("access_denied, returning to %s", async (returnUrl, outcome) => {
    const person = await world.person();
    const back = await vendor.consent(person, { decision: "deny", returnUrl });
    back.searchParams.set("error_description", "<script>alert(1)</script>");
    const answer = await vendor.linking().callback("acme", back.searchParams);
    expect(answer).toMatchObject(outcome);
    expect(JSON.stringify(answer)).not.toContain("script");
    expect(vendor.calls("token")).toBe(0);
    expect(await accountsOf(person.id)).toEqual([]);
  });

  test.each(["server_error", "temporarily_unavailable"])(
    "%s of the consent page is the provider's fault",
    async (error) => {
      const person = await world.person();
      const state = (await vendor.consent(person)).searchParams.get("state")!;
      const outcome = await vendor.linking().callback("acme", new URLSearchParams({ state, error }));
      expect(outcome).toMatchObject({ kind: "page", status: 502 });
    },
  );

  test("an issuer that is not the vendor's: refused before any request", async () => {
    vendor = await world.vendor(acmeWith({ issuer: "https://login.acme.example" }));
    for (const issuer of [null, "https://evil.example"]) {
      const person = await world.person();
      const { searchParams } = await vendor.consent(person);
      if (issuer !== null) searchParams.set("iss", issuer);
      expect(await vendor.linking().callback("acme", searchParams)).toEqual(PAGE_400);
    }
    expect(vendor.calls("token")).toBe(0);
    const person = await world.person();
    const { searchParams } = await vendor.consent(person);
    searchParams.set("iss", "https://login.acme.example");
    expect(await vendor.linking().callback("acme", searchParams)).toMatchObject({ status: 200 });
  });
});

describe("a provider that fails while linking", () => {
  const DONE = { method: "POST", path: "/v1/register", json: {} } as const;
  const withAfterLink = { ...acme, afterLink: () => DONE };
  const outcomeOf = async (effect: Record<string, unknown>, provider = acme) => {
    vendor = await world.vendor(provider);
    vendor.simulator.faults.add(effect as never);
    const person = await world.person();
    const back = await vendor.consent(person, { returnUrl: RETURN_URL });
    const outcome = await vendor.linking().callback("acme", back.searchParams);
    return { person, error: new URL(outcome.kind === "redirect" ? outcome.location : "x:").searchParams.get("error") };
  };
  const token = { kind: "token" };
  const identity = { kind: "data", path: "/v1/me" };
  const register = { kind: "data", path: "/v1/register" };

  test.each<[string, Record<string, unknown>, string]>([
    ["refuses the code", { ...token, effect: "oauth_error", error: "invalid_grant" }, "CODE_REJECTED"],
    ["refuses our credentials", { ...token, effect: "oauth_error", error: "invalid_client" }, "PROVIDER_UNAVAILABLE"],
    ["is down at the exchange", { ...token, effect: "server_error", status: 503 }, "PROVIDER_UNAVAILABLE"],
    ["limits the rate at the exchange", { ...token, effect: "rate_limited", retryAfter: "60" }, "RATE_LIMITED"],
    [
      "limits the rate inside 200",
      { ...token, effect: "answer", status: 200, body: { error: "slow" } },
      "PROVIDER_UNAVAILABLE",
    ],
    [
      "answers the exchange with HTML",
      { ...token, effect: "answer", status: 200, body: "<html>" },
      "PROVIDER_UNAVAILABLE",
    ],
  ])("it %s", async (_name, effect, code) => {
    const { person, error } = await outcomeOf(effect);
    expect(error).toBe(code);
    expect(vendor.calls("token")).toBe(1);
    await nothingLinked(person.id);
  });

  test.each<[string, Record<string, unknown>]>([
    ["is down at identity", { ...identity, effect: "server_error", status: 500 }],
    ["refuses the new token", { ...identity, effect: "unauthorized" }],
    ["breaks at identity", { ...identity, effect: "lost" }],
    ["names nobody", { ...identity, effect: "set", pointer: "/id", value: "" }],
    ["names somebody by 300 characters", { ...identity, effect: "set", pointer: "/id", value: "a".repeat(300) }],
  ])("it %s: the grant is given back", async (_name, effect) => {
    const { person, error } = await outcomeOf(effect);
    expect(error).toBe("PROVIDER_UNAVAILABLE");
    expect(vendor.calls("revoke")).toBe(1);
    await nothingLinked(person.id);
  });

  test.each<[string, Record<string, unknown>]>([
    ["is down after linking", { ...register, effect: "server_error", status: 500 }],
    ["does not know that call", { ...register, effect: "answer", status: 404, body: {} }],
  ])("it %s: the grant is given back", async (_name, effect) => {
    const { person, error } = await outcomeOf(effect, withAfterLink);
    expect(error).toBe("PROVIDER_UNAVAILABLE");
    await nothingLinked(person.id);
  });

  test("a call after linking that was made before (409) links", async () => {
    const { person } = await outcomeOf({ ...register, effect: "answer", status: 409, body: {} }, withAfterLink);
    expect(await accountsOf(person.id)).toMatchObject([{ status: "ACTIVE" }]);
  });

  test("a database that cannot store: the grant is given back", async () => {
    const person = await world.person();
    const back = await vendor.consent(person);
    await world.rows(
      "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space'; END $$; CREATE TRIGGER broken BEFORE INSERT ON grants FOR EACH ROW EXECUTE FUNCTION broken()",
    );
    await errorOf(vendor.linking().callback("acme", back.searchParams));
    await world.rows("DROP TRIGGER broken ON grants; DROP FUNCTION broken");
    await nothingLinked(person.id);
  });
});
