import { ReconnectRequired } from "../../src/domain/errors";
import { errorOf, type TokenVendor, TokenWorld } from "../support/token-vendor";
import { acmeWith } from "../unit/simulator/acme";

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

describe("an answer that is lost", () => {
  test("on the way: the same token is sent once more, and once only", async () => {
    const { account, ask } = await vendor.expired();
    fault({ effect: "delay", ms: 1 }, 1);
    // The first request breaks before it has taken effect at the vendor.
    fault({ effect: "answer", status: 200, body: { access_token: "x" } }, 1);
    fault({ effect: "lost" }, 1);
    expect(await vendor.accepts(await ask())).toBe(true);
    expect(vendor.calls("refresh")).toBe(2);
    expect((await world.grant(account.id)).status).toBe("ACTIVE");
  });

  test("after a single-use token was spent: RECONNECT_REQUIRED by name", async () => {
    const { account, ask } = await vendor.expired();
    fault({ effect: "lost" }, 1);
    expect(await errorOf(ask())).toBeInstanceOf(ReconnectRequired);
    expect(vendor.calls("refresh")).toBe(2);
    expect((await world.grant(account.id)).status).toBe("RECONNECT_REQUIRED");
  });

  test("at a vendor whose refresh tokens last: recovered at once", async () => {
    vendor = await world.vendor(acmeWith({ refresh: "lasting" }));
    const { ask } = await vendor.expired();
    fault({ effect: "lost" }, 1);
    expect(await vendor.accepts(await ask())).toBe(true);
    expect(vendor.calls("refresh")).toBe(2);
  });

  test("twice: a cool-down, no revocation", async () => {
    vendor = await world.vendor(acmeWith({ refresh: "lasting" }));
    const { account, ask } = await vendor.expired();
    fault({ effect: "lost" }, 2);
    expect(await errorOf(ask())).toMatchObject({ kind: "UNAVAILABLE" });
    expect(vendor.calls("refresh")).toBe(2);
    expect(await world.grant(account.id)).toMatchObject({ status: "ACTIVE", failures: 1 });
    vendor.ahead += 31;
    expect(await vendor.accepts(await ask())).toBe(true);
  });
});

describe("token answers out of the ordinary", () => {
  test.each<[string, unknown, number]>([
    ['"3600"', "3600", 3_600],
    ["-1", -1, 3_600],
    ["1e12", 1e12, 366 * 86_400],
    ["null", null, 3_600],
    ["30", 30, 30],
  ])("expires_in %s", async (_name, value, seconds) => {
    const { person, account, ask } = await vendor.expired();
    fault({ effect: "set", pointer: "/expires_in", value });
    await ask();
    const { issuedAt, expiresAt } = await vendor.stored(person, account.id);
    expect(expiresAt - issuedAt).toBe(seconds);
    await ask();
    expect(vendor.calls("refresh")).toBe(1);
  });

  test("without a refresh token: the old one stays (RFC 6749 §6) and is tried when the access token ends", async () => {
    const { ask } = await vendor.expired();
    fault({ effect: "unset", pointer: "/refresh_token" });
    expect(await vendor.accepts(await ask())).toBe(true);
    vendor.ahead += 3_610;
    // This vendor had spent it all the same.
    expect(await errorOf(ask())).toBeInstanceOf(ReconnectRequired);
    expect(vendor.calls("refresh")).toBe(2);
  });

  test("with narrower scopes: they are recorded, and readers learn it", async () => {
    const { person, account, ask } = await vendor.expired();
    const version = await world.dataVersion(person);
    fault({ effect: "set", pointer: "/scope", value: "ext:profile" });
    await ask();
    expect((await world.grant(account.id)).granted_scopes).toEqual(["ext:profile"]);
    expect(await world.dataVersion(person)).toBe(version + 1);
  });

  test("a vendor without refresh: the token is used to its end, then RECONNECT_REQUIRED", async () => {
    vendor = await world.vendor(acmeWith({ refresh: "none" }));
    const person = await world.person();
    const account = await vendor.link(person);
    vendor.ahead += 3_595;
    const ask = async () => (await vendor.tokens.accessToken(person.id, account.id)).value;
    expect(await vendor.accepts(await ask())).toBe(true);
    vendor.ahead += 10;
    expect(await errorOf(ask())).toBeInstanceOf(ReconnectRequired);
    expect((await world.grant(account.id)).status).toBe("RECONNECT_REQUIRED");
    expect(vendor.calls("refresh")).toBe(0);
  });
});

describe("a vendor that nests its tokens and tells failures inside 200", () => {
  const refusals: Record<number, "invalid_grant" | "invalid_client" | "other"> = {
    401: "invalid_grant",
    343: "invalid_client",
  };
  const nested = acmeWith({
    tokenAnswerUnder: "body",
    tokenParameters: { action: "requesttoken" },
    tokenRefusal: (body) => {
      const { status } = body as { status?: number };
      return status === 0 ? null : (refusals[status ?? -1] ?? "other");
    },
  });
  beforeEach(async () => {
    vendor = await world.vendor(nested);
    for (const kind of ["token", "refresh"] as const) {
      vendor.simulator.faults.add({ kind, effect: "transform", transform: (body) => ({ status: 0, body }) });
    }
  });

  test("links and refreshes", async () => {
    const { ask } = await vendor.expired();
    expect(await vendor.accepts(await ask())).toBe(true);
  });

  test.each([
    ["a limited rate", 601, "UNAVAILABLE"],
    ["a server error", 2_555, "UNAVAILABLE"],
    ["our own credentials refused", 343, "UNAVAILABLE"],
  ])("%s inside 200 never unlinks", async (_name, status, kind) => {
    const { account, ask } = await vendor.expired();
    fault({ effect: "transform", transform: () => ({ status, error: "try later" }) });
    expect(await errorOf(ask())).toMatchObject({ kind });
    expect(await world.grant(account.id)).toMatchObject({ status: "ACTIVE", failures: 1, refused_at: null });
  });

  test("a refused refresh token inside 200 does", async () => {
    const { account, ask } = await vendor.expired();
    fault({ effect: "transform", transform: () => ({ status: 401, body: {}, error: "invalid refresh_token" }) });
    expect(await errorOf(ask())).toBeInstanceOf(ReconnectRequired);
    expect((await world.grant(account.id)).status).toBe("RECONNECT_REQUIRED");
  });
});
