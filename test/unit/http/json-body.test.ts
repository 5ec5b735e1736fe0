import { MAX_BODY_DEPTH, parseJsonBody } from "../../../src/http/json-body";

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

test("plain JSON in UTF-8 is read", () => {
  expect(parseJsonBody(Buffer.from('{"query":"{ a }","variables":{"n":"🏃"}}'))).toEqual({
    query: "{ a }",
    variables: { n: "🏃" },
  });
});

test.each<[string, Buffer, RegExp]>([
  ["truncated", Buffer.from('{"query":'), /not valid JSON/],
  ["empty", Buffer.from(""), /not valid JSON/],
  ["led by a byte order mark", Buffer.from("\uFEFF{}"), /byte order mark/],
  ["not UTF-8", Buffer.from([0x22, 0xff, 0x22]), /not valid UTF-8/],
  ["UTF-16", Buffer.from("{}", "utf16le"), /not valid JSON/],
  ["UTF-7", Buffer.from('+AHs-"a":1}'), /not valid JSON/],
  ["holding half a surrogate pair", Buffer.from('{"a":"\\ud800"}'), /half a surrogate pair/],
  ["polluting", Buffer.from('{"variables":{"__proto__":{"x":1}}}'), /__proto__/],
  ["polluting by an escape", Buffer.from('{"\\u005f_proto__":1}'), /__proto__/],
  ["too deep", Buffer.from(nested(MAX_BODY_DEPTH + 1)), /levels deep/],
  ["40,000 levels deep", Buffer.from(nested(40_000)), /levels deep/],
])("a body that is %s is refused", (_name, body, problem) => {
  expect(() => parseJsonBody(body)).toThrow(problem);
});

test("nesting up to the limit is read", () => {
  expect(JSON.stringify(parseJsonBody(Buffer.from(nested(MAX_BODY_DEPTH))))).toBe(nested(MAX_BODY_DEPTH));
});

test("a refusal never quotes the body", () => {
  expect(() => parseJsonBody(Buffer.from('{"token":"hunter2"'))).toThrow(/^(?!.*hunter2)/s);
});
