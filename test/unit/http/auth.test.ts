import { bearerToken, createAuthenticator } from "../../../src/http/auth";

const demo = createAuthenticator({ kind: "demo" });

test("no credentials are the person demo", async () => {
  expect(await demo(["Host", "localhost"])).toBe("demo");
});

test("demo:<name> is the person of that name", async () => {
  expect(await demo(["Authorization", "Bearer demo:ann.b_c-1"])).toBe("ann.b_c-1");
  expect(await demo(["authorization", `bearer demo:${"x".repeat(64)}`])).toBe("x".repeat(64));
});

test("what needs no waiting is known at once, and what is refused is not", () => {
  expect([null, "demo:ann", "ann", "demo:", "demo:a b"].map((token) => demo.known?.(token))).toEqual([
    "demo",
    "ann",
    null,
    null,
    null,
  ]);
});

test.each([
  "",
  " ",
  "Bearer",
  "Bearer ",
  "Bearer  demo:a",
  "Basic ZGVtbzpkZW1v",
  "demo:ann",
  "Bearer ann",
  "Bearer demo:",
  "Bearer demo:a b",
  "Bearer demo:ä",
  "Bearer demo:a,Bearer demo:b",
  `Bearer demo:${"x".repeat(65)}`,
  "Bearer demo:a/../b",
])("Authorization: %j is refused", async (value) => {
  await expect(demo(["Authorization", value])).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});

test("two Authorization headers are refused, even equal ones", () => {
  const twice = ["Authorization", "Bearer demo:a", "AUTHORIZATION", "Bearer demo:a"];
  expect(() => bearerToken(twice)).toThrow(/one Authorization header/);
});

test("a header's value that reads authorization is no Authorization header", () => {
  expect(bearerToken(["X-A", "authorization", "X-B", "Bearer demo:a"])).toBeNull();
});
