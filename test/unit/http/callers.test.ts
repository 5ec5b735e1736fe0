import { randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { createAuthenticator } from "../../../src/http/auth";
import { createCallers } from "../../../src/http/callers";
import { mintKey } from "../../../src/services/keys";
import { fakeServices, PERSON } from "../../support/fake-services";

const { key, prefix } = mintKey();
const serverKey = { id: "k", prefix, scopes: ["read"], expiresAt: null } as const;
const secret = randomBytes(32);
const settings = [
  ["the demo identity", { kind: "demo" }],
  ["tokens", { kind: "secret", secret, issuer: null, audience: null }],
] as const;

describe.each(settings)("beside %s", (_, auth) => {
  const services = fakeServices();
  services.serverKeys.set(key, serverKey);
  const callerOf = createCallers(services, createAuthenticator(auth));

  test("a server key is a server, and no person comes of it", async () => {
    const person = jest.spyOn(services.people, "person");
    expect(await callerOf(["Authorization", `Bearer ${key}`])).toEqual({ kind: "server", key: serverKey });
    expect(await callerOf(["authorization", `bearer ${key}`])).toEqual({ kind: "server", key: serverKey });
    expect(person).not.toHaveBeenCalled();
  });

  test.each(["wg_", "wg_live", mintKey().key])("%s is refused", async (token) => {
    await expect(callerOf(["Authorization", `Bearer ${token}`])).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a key beside another Authorization header, or by another scheme, is refused", async () => {
    const twice = ["Authorization", `Bearer ${key}`, "Authorization", "Bearer demo:ann"];
    await expect(callerOf(twice)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(callerOf(["Authorization", `Basic ${key}`])).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

test("persons are still recognised", async () => {
  const services = fakeServices();
  const [demo, tokens] = settings.map(([, auth]) => createCallers(services, createAuthenticator(auth)));
  const caller = { kind: "person", person: PERSON };
  expect(await demo!(["Host", "localhost"])).toEqual(caller);
  expect(await demo!(["Authorization", "Bearer demo:demo"])).toEqual(caller);
  const token = await new SignJWT({ sub: "demo", exp: Math.floor(Date.now() / 1_000) + 60 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(secret);
  expect(await tokens!(["Authorization", `Bearer ${token}`])).toEqual(caller);
});

test("a person is known at once where token and person both are, and a server key never", () => {
  const services = fakeServices();
  services.people.known = (externalId) => (externalId === "demo" ? PERSON : null);
  services.serverKeys.set(key, serverKey);
  const { knownPerson } = createCallers(services, createAuthenticator({ kind: "demo" }));
  for (const token of [null, "demo:demo"]) expect(knownPerson(token)).toEqual(PERSON);
  for (const token of ["demo:ann", "nonsense", key]) expect(knownPerson(token)).toBeNull();
});
