import { UpstreamFailure } from "../../../src/domain/errors";
import { parseJsonBody } from "../../../src/upstream/json";

const parse = (body: string | Buffer) => parseJsonBody({ status: 200, headers: {}, body: Buffer.from(body) });

test.each([
  ["an object", '{"a":[1,"2",null]}', { a: [1, "2", null] }],
  ["null", "null", null],
  ["an array", "[]", []],
  ["a byte order mark before it", '\uFEFF{"a":1}', { a: 1 }],
])("reads %s", (_name, body, expected) => {
  expect(parse(body)).toEqual(expected);
});

test.each([
  ["an empty body", ""],
  ["truncated JSON", '{"data":[{"canary":1},'],
  ["HTML", "<!doctype html><p>canary"],
  ["XML", '<?xml version="1.0"?><canary/>'],
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ["NaN", '{"canary":NaN}'],
  ["nesting deeper than the stack", "[".repeat(200_000) + "]".repeat(200_000)],
  ["nesting of 65 levels", "[".repeat(65) + "]".repeat(65)],
])("refuses %s without quoting it", (_name, body) => {
  const attempt = () => parse(body);
  expect(attempt).toThrow(UpstreamFailure);
  try {
    attempt();
  } catch (error) {
    const failure = error as UpstreamFailure;
    expect(failure.kind).toBe("INVALID_RESPONSE");
    expect(failure.message + String(failure.details.cause)).not.toContain("canary");
    expect(failure.details.body).toEqual(Buffer.from(body));
  }
});

test("nesting of 64 levels is read", () => {
  expect(parse("[".repeat(64) + "]".repeat(64))).toHaveLength(1);
});

test.each(["__proto__", "\\u005f_proto__", "__\\u0070roto__"])("drops a member named %s wherever it is", (name) => {
  const value = parse(`{"${name}":{"admin":true},"list":[{"${name}":{"admin":true},"kept":1}]}`) as {
    admin?: boolean;
    list: object[];
  };
  expect(Object.getOwnPropertyNames(value)).toEqual(["list"]);
  expect(Object.getOwnPropertyNames(value.list[0])).toEqual(["kept"]);
  expect(value.admin).toBeUndefined();
});
