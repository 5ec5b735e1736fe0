import fc from "fast-check";
import { readJson, textOf } from "../../../src/domain/json-text";

test("documents keep the text that they came as", () => {
  const first = '{ "id" : 9007199254740993, "size":1e309,\n\t"zero": -0, "exact": 1.10, "text":"\\u0041]}\\"" }';
  const text = `{"next":null,"data" : [${first} , null, 7, "[{", [{"in":1}], {"id":2}]}`;
  const value = readJson(text);
  const { data } = value as { data: object[] };
  expect(data.map(textOf)).toEqual([first, "null", "7", '"[{"', '[{"in":1}]', '{"id":2}']);
  expect(textOf(value)).toBe(text);
});

test.each([
  ["in the root", '[{"a":1.0},{"b":2.0}]', (value: [object, object]) => value[1], '{"b":2.0}'],
  [
    "further inside",
    '{"body":{"x":[],"series":[{"a":1.0}]}}',
    (value: { body: { series: [object] } }) => value.body.series[0],
    '{"a":1.0}',
  ],
  [
    "of a key with escapes",
    '{"a\\"\\\\":[{"a":1.0}]}',
    (value: Record<string, [object]>) => value['a"\\']?.[0],
    '{"a":1.0}',
  ],
  [
    "of a key that comes twice",
    '{"d":[{"a":1.0},{"a":2.0}],"d":[{"a":3.0}]}',
    (value: { d: [object] }) => value.d[0],
    '{"a":3.0}',
  ],
  [
    "of a key that was something else before",
    '{"d":{"d":[{"a":1.0}]},"d":[{"a":3.0}]}',
    (value: { d: [object] }) => value.d[0],
    '{"a":3.0}',
  ],
])("an array %s", (_name, text, find, expected) => {
  expect(textOf(find(readJson(text) as never))).toBe(expected);
});

test("what is removed from a value is in its text still", () => {
  const text = '{"__proto__":{"a":1},"text":"a\\u0000b\\ud800"}';
  const value = readJson(`[${text}]`) as [object];
  expect(value).toEqual([{ text: "ab" }]);
  expect(Object.hasOwn(value[0], "__proto__")).toBe(false);
  expect(textOf(value[0])).toBe(text);
});

test.each([
  ["a value from elsewhere", { a: [1] }, '{"a":[1]}'],
  ["nothing", undefined, "null"],
  ["text", "a", '"a"'],
])("%s is written by this process", (_name, value, expected) => {
  expect(textOf(value)).toBe(expected);
});

test("what is inside of a document is written by this process", () => {
  const value = readJson('{"data":[{"inner":{"a":1.0},"list":[{"a":1.0}]}]}');
  const [document] = (value as { data: [{ inner: object; list: [object] }] }).data;
  expect([textOf(document.inner), textOf(document.list[0])]).toEqual(['{"a":1}', '{"a":1}']);
});

/** None is a backslash: JSON.parse of Node 24.21, once it has met that one, takes the key `"`, which is written with an escape, for it. */
const KEYS = ["a", "b", "c", "data", '"', 'a"\\b', "é"];

/** JSON texts as somebody else would write them: with space anywhere, escapes, and keys that come twice. */
const space = fc.constantFrom("", "", " ", "\n\t");
const written = fc.letrec<{ any: string; object: string; array: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom("0", "-0", "1.50", "9007199254740993", "1e309", "null", "true", '"[{]}\\""', '"\\\\"'),
    fc.string().map((text) => JSON.stringify(text)),
    tie("object"),
    tie("array"),
  ),
  object: fc
    .array(fc.tuple(space, fc.constantFrom(...KEYS), space, tie("any")), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([before, key, between, value]) => `${before}${JSON.stringify(key)}${between}:${value}`).join(",")}}`,
    ),
  array: fc
    .array(fc.tuple(space, tie("any"), space), { maxLength: 4 })
    .map((members) => `[${members.map((parts) => parts.join("")).join(",")}]`),
})).any;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function depthOf(value: string): number {
  const bare = value.replace(/"(?:[^"\\]|\\.)*"/g, "");
  let [depth, deepest] = [0, 0];
  for (const sign of bare) {
    depth += Number("[{".includes(sign)) - Number("]}".includes(sign));
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** The objects in the first arrays from the root on. */
function documentsOf(value: unknown): object[] {
  if (Array.isArray(value)) return value.filter((member) => isObject(member) && !Array.isArray(member));
  return isObject(value) ? Object.values(value).flatMap(documentsOf) : [];
}

test("whatever is read, the text of every document is of its own and says the same", () => {
  fc.assert(
    fc.property(written, (text) => {
      const depth = depthOf(text);
      if (depth > 0) expect(() => readJson(text, depth - 1)).toThrow(RangeError);
      const value = readJson(text, depth);
      for (const document of documentsOf(value)) {
        expect(JSON.parse(textOf(document))).toEqual(document);
        expect(text).toContain(textOf(document));
      }
    }),
    { numRuns: 2_000 },
  );
});
