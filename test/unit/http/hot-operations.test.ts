import { type DocumentNode, Kind, type OperationDefinitionNode } from "graphql";
import { HotOperations } from "../../../src/http/hot-answers";

const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };
const accepted = () => ({ document, operation: {} as OperationDefinitionNode });

test("operations are found by the text and the name that asked for them, and by nothing else", () => {
  const hot = new HotOperations();
  const [unnamed, named] = [accepted(), accepted()];
  hot.remember("query A { a }", null, unnamed);
  hot.remember("query A { a }", "A", named);
  expect(hot.find("query A { a }", null)).toBe(unnamed);
  expect(hot.find("query A { a }", "A")).toBe(named);
  expect(hot.find("query A { a }", "")).toBeUndefined();
  expect(hot.find("A { a }", "query")).toBeUndefined();
});

test("what was asked for longest ago is forgotten before the documents take much room", () => {
  const hot = new HotOperations();
  const texts = ["a", "b", "c"].map((letter) => letter.repeat(90_000));
  for (const text of texts) hot.remember(text, null, accepted());
  expect(texts.map((text) => hot.find(text, null) !== undefined)).toEqual([false, true, true]);
});
