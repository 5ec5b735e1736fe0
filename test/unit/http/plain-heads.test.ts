import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { PlainHeads } from "../../../src/http/plain-heads";

const USUAL = {
  Host: "gateway.example",
  "Content-Type": "application/json",
  "Content-Length": "20",
  Authorization: "Bearer abc",
};

/** A request as Node's parser makes it. */
function request(headers: Readonly<Record<string, string>>, ...more: readonly string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.rawHeaders = [...Object.entries(headers).flat(), ...more];
  for (const [name, value] of Object.entries(headers)) message.headers[name.toLowerCase()] = value;
  return message;
}

test("headers that repeat each other to the letter are read once", () => {
  const heads = new PlainHeads(false);
  const first = heads.of(request(USUAL));
  expect(first).toMatchObject({ token: "abc", type: "application/json" });
  expect(heads.of(request(USUAL))).toBe(first);
  const others = heads.of(request({ ...USUAL, Authorization: "Bearer abd" }));
  expect(others).toMatchObject({ token: "abd" });
  expect(heads.of(request({ ...USUAL, Accept: "application/graphql-response+json" }))).toMatchObject({
    token: "abc",
    type: "application/graphql-response+json",
  });
});

test.each([
  ["a page of another origin", { Origin: "https://elsewhere.example" }],
  ["a coded body", { "Content-Encoding": "gzip" }],
  ["a body without a length", { "Content-Length": "" }],
  ["a body that is too long", { "Content-Length": "100001" }],
  ["no JSON", { "Content-Type": "text/plain" }],
  ["a Host that is none", { Host: "a b" }],
  ["an answer that is wanted in another type", { Accept: "text/html" }],
])("%s is not plain, nor after a plain request of the same credentials", (_, headers) => {
  const heads = new PlainHeads(false);
  for (let time = 0; time < 2; time += 1) {
    expect(heads.of(request(USUAL))).not.toBeNull();
    expect(heads.of(request({ ...USUAL, ...headers }))).toBeNull();
  }
});

test("credentials of another kind are not plain", () => {
  expect(new PlainHeads(false).of(request({ ...USUAL, Authorization: "Basic abc" }))).toBeNull();
});

test("a second Authorization header is never overlooked", () => {
  const heads = new PlainHeads(false);
  expect(heads.of(request(USUAL))).not.toBeNull();
  expect(heads.of(request(USUAL, "Authorization", "Bearer abd"))).toBeNull();
});

test("under the demo identity only loopback Hosts are plain, without a token too", () => {
  const heads = new PlainHeads(true);
  const { Authorization, ...anonymous } = USUAL;
  expect(heads.of(request(USUAL))).toBeNull();
  expect(heads.of(request({ ...anonymous, Host: "localhost:4000" }))).toMatchObject({ token: null });
  expect(heads.of(request({ ...anonymous, Host: "rebound.example" }))).toBeNull();
});
