import { UserFacingError } from "../../src/domain/errors";
import { errorOf, RETURN_URL, type TokenVendor, TokenWorld } from "../support/token-vendor";

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

const accountsOf = (personId: string) =>
  world.rows(
    "SELECT id, vendor_user_id, status, grant_number FROM accounts WHERE person_id = $1 ORDER BY connected_at",
    [personId],
  );
const grantsOf = async (personId: string) =>
  (await world.rows("SELECT 1 FROM grants WHERE person_id = $1", [personId])).length;
const eventsOf = async (personId: string) =>
  (await world.rows("SELECT event FROM audit_events WHERE person_id = $1 ORDER BY at", [personId])).map(
    (row) => row.event,
  );

describe("granted scopes", () => {
  test.each([
    ["the token answer's", "ext:sleep", "ext:profile", ["ext:sleep"]],
    ["else the callback's", null, "ext:profile", ["ext:profile"]],
    ["else those asked for", null, null, ["sleep", "beta"]],
    ["an empty one says nothing", "", "", ["sleep", "beta"]],
  ])("%s", async (_name, inToken, inCallback, expected) => {
    vendor.simulator.faults.add(
      inToken === null
        ? { kind: "token", effect: "unset", pointer: "/scope" }
        : { kind: "token", effect: "set", pointer: "/scope", value: inToken },
    );
    const person = await world.person();
    const { searchParams } = await vendor.consent(person, { scopes: ["sleep", "beta"] });
    if (inCallback === null) searchParams.delete("scope");
    else searchParams.set("scope", inCallback);
    await vendor.linking().callback("acme", searchParams);
    const [account] = await accountsOf(person.id);
    expect((await world.grant(String(account!.id))).granted_scopes).toEqual(expected);
  });
});

describe("linking again", () => {
  test("the same vendor user keeps the account and raises grant_number", async () => {
    const person = await world.person();
    const first = await vendor.link(person);
    const second = await vendor.link(person);
    expect([second.id, second.grantNumber]).toEqual([first.id, first.grantNumber + 1]);
    expect([await grantsOf(person.id), vendor.calls("revoke")]).toEqual([1, 0]);
  });

  test("another vendor user takes the place of the old one, whose tokens are revoked", async () => {
    const person = await world.person();
    const first = await vendor.link(person, "anna");
    const { value } = await vendor.tokens.accessToken(person.id, first.id);
    const second = await vendor.link(person, "berta");
    expect(second.id).not.toBe(first.id);
    expect(await accountsOf(person.id)).toMatchObject([
      { id: first.id, status: "DISCONNECTED", grant_number: 2 },
      { id: second.id, status: "ACTIVE", grant_number: 1 },
    ]);
    expect(await grantsOf(person.id)).toBe(1);
    expect(await vendor.accepts(value)).toBe(false);
    const back = await vendor.link(person, "anna");
    expect([back.id, back.status]).toEqual([first.id, "ACTIVE"]);
    expect(await grantsOf(person.id)).toBe(1);
  });

  test("one vendor user may be linked to two persons", async () => {
    const [one, two] = [await world.person(), await world.person()];
    const accounts = [await vendor.link(one, "shared"), await vendor.link(two, "shared")];
    for (const [index, person] of [one, two].entries()) {
      const { value } = await vendor.tokens.accessToken(person.id, accounts[index]!.id);
      expect(await vendor.accepts(value)).toBe(true);
    }
    await vendor.linking().disconnect(one, { provider: "acme", deleteData: false });
    expect(await accountsOf(two.id)).toMatchObject([{ status: "ACTIVE" }]);
  });
});

describe("LINK_COMPLETION=app", () => {
  const parked = async (returnUrl: string | null = RETURN_URL) => {
    const person = await world.person();
    const back = await vendor.consent(person, { returnUrl });
    const outcome = await vendor.linking("app").callback("acme", back.searchParams);
    return { person, back, callbackUrl: outcome.kind === "redirect" ? outcome.location : "" };
  };
  const complete = (person: { id: string }, callbackUrl: string, provider = "acme") =>
    vendor.linking("app").complete({ id: person.id, externalId: "" }, { provider, callbackUrl });

  test("the callback exchanges and keeps the result sealed; the person's completion links", async () => {
    const { person, callbackUrl } = await parked();
    expect(callbackUrl).toMatch(
      /^https:\/\/app\.example\.com\/linked\?from=gateway&link_code=[\w-]{43}&provider=acme$/,
    );
    expect(vendor.calls("token")).toBe(1);
    expect(await accountsOf(person.id)).toEqual([]);
    const account = await complete(person, callbackUrl);
    expect(account).toMatchObject({ personId: person.id, provider: "acme", status: "ACTIVE" });
    expect(await world.rows("SELECT 1 FROM link_results WHERE person_id = $1", [person.id])).toEqual([]);
    expect(vendor.calls("token")).toBe(1);
    expect(await errorOf(complete(person, callbackUrl))).toMatchObject({ code: "STATE_INVALID" });
  });

  test("20 completions at once: one links", async () => {
    const { person, callbackUrl } = await parked();
    const done = await Promise.allSettled(Array.from({ length: 20 }, () => complete(person, callbackUrl)));
    expect(done.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    expect(await accountsOf(person.id)).toMatchObject([{ grant_number: 1 }]);
  });

  test("without a returnUrl the browser ends on our own page, which keeps the code usable", async () => {
    const { person, callbackUrl } = await parked(null);
    expect(callbackUrl).toMatch(/^http:\/\/localhost:4000\/oauth\/acme\/callback\?link_code=/);
    const page = await vendor.linking("app").callback("acme", new URL(callbackUrl).searchParams);
    expect(page).toMatchObject({ kind: "page", status: 200 });
    expect(await complete(person, callbackUrl)).toMatchObject({ status: "ACTIVE" });
  });

  test("another person, another wearable, a forged code, an old one, no address: refused, nothing linked", async () => {
    const { person, callbackUrl } = await parked();
    const stranger = await world.person();
    const refused = { code: "STATE_INVALID" };
    expect(await errorOf(complete(stranger, callbackUrl))).toMatchObject(refused);
    expect(await errorOf(complete(person, callbackUrl, "other"))).toMatchObject(refused);
    const forged = callbackUrl.replace(/link_code=[\w-]{4}/, "link_code=AAAA");
    expect(await errorOf(complete(person, forged))).toMatchObject(refused);
    expect(await errorOf(complete(person, "not an address"))).toMatchObject(refused);
    expect(await errorOf(complete(person, callbackUrl, "bare"))).toMatchObject({ code: "PROVIDER_NOT_CONFIGURED" });
    vendor.ahead += 601;
    expect(await errorOf(complete(person, callbackUrl))).toMatchObject(refused);
    expect([...(await accountsOf(person.id)), ...(await accountsOf(stranger.id))]).toEqual([]);
  });

  test("a redirect that has not been to the callback completes by its own address, for its own person", async () => {
    const person = await world.person();
    const account = await complete(person, (await vendor.consent(person)).href);
    expect(account.status).toBe("ACTIVE");
    const stranger = await world.person();
    const back = await vendor.consent(person);
    vendor.simulator.resetCalls();
    expect(await errorOf(complete(stranger, back.href))).toMatchObject({ code: "STATE_INVALID" });
    expect(await errorOf(complete(person, back.href))).toMatchObject({ code: "STATE_INVALID" });
    expect(vendor.calls("token")).toBe(0);
    expect(await accountsOf(stranger.id)).toEqual([]);
    expect(await eventsOf(person.id)).toEqual(["LINKED", "LINK_STATE_MISUSED"]);
  });

  test("a denial is told to the completing app by its code", async () => {
    const person = await world.person();
    const back = await vendor.consent(person, { decision: "deny" });
    const error = await errorOf(complete(person, back.href));
    expect(error).toBeInstanceOf(UserFacingError);
    expect(error).toMatchObject({ code: "AUTHORIZATION_DENIED" });
  });
});
