import { chosenResponseType } from "../../../src/http/media-type";

const [json, response] = ["application/json", "application/graphql-response+json"];

test.each<[string | undefined, string | null]>([
  [undefined, json],
  ["", json],
  ["*/*", json],
  ["application/*", json],
  [json, json],
  [response, response],
  [`${response}, ${json}`, response],
  [`${json}, ${response}`, json],
  [`${response}; charset=utf-8, ${json}; q=0.9`, response],
  [`${response};q=0.5, ${json}`, json],
  [`${json};q=0, */*`, response],
  [`${json};q=0, ${response};q=0`, null],
  ["text/html", null],
  ["text/html, */*;q=0.1", json],
])("Accept: %s chooses %s", (accept, type) => {
  expect(chosenResponseType(accept)).toBe(type);
});
