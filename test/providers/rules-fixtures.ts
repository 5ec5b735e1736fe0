import { isDeepStrictEqual } from "node:util";
import { type Endpoint, type Page, WireError } from "../../providers/contract";
import { saidBy } from "./people";
import type { Fixture, Rule, Subject } from "./subject";

/** What is written beside a good fixture: the page without the raw documents. */
function bare(page: Page): unknown {
  const documents = page.documents.map(({ raw: _raw, ...rest }) => rest);
  return JSON.parse(
    JSON.stringify({ documents, setAside: page.setAside.map(({ path }) => path), cursor: page.cursor }),
  );
}

/** Reads a body; a WireError becomes text. Any other error is a bug and is thrown on. */
export function readOrRefuse(endpoint: Endpoint, body: unknown): Page | { readonly wireError: string } {
  try {
    return endpoint.read(body);
  } catch (error) {
    if (error instanceof WireError) return { wireError: error.path };
    throw error;
  }
}

/** Pairs of endpoint and fixture of one kind. */
export function fixturesOf({ provider, fixtures }: Subject, kind: string): { endpoint: Endpoint; fixture: Fixture }[] {
  return provider.endpoints.flatMap((endpoint) =>
    fixtures
      .filter((fixture) => fixture.group === endpoint.name && fixture.kind === kind)
      .map((fixture) => ({ endpoint, fixture })),
  );
}

/** The ids of the documents that have records. */
function telling(endpoint: Endpoint, body: unknown): string[] {
  const page = readOrRefuse(endpoint, body);
  return "wireError" in page
    ? []
    : page.documents.filter((document) => saidBy(document).length > 0).map(({ id }) => id);
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

/** A copy in which every object has a field that the vendor added later. */
export function withLaterFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withLaterFields);
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withLaterFields(inner)]));
  return { ...copy, added_later: { unit: "unknown", values: [1, null, "x"] } };
}

/** Copies in each of which one text that looks like a code (an enum's name, or digits that stand for stages) is a new one. */
export function withUnknownCodes(value: unknown, path = ""): { path: string; copy: unknown }[] {
  if (typeof value === "string") {
    if (/^[a-z]+(?:_[a-z]+)*$/.test(value)) return [{ path, copy: "never_seen_before" }];
    if (/^\d{4,}$/.test(value)) return [{ path, copy: `9${value.slice(1)}` }];
    return [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    withUnknownCodes(inner, `${path}.${key}`).map((change) => {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      Object.assign(copy, { [key]: change.copy });
      return { path: change.path, copy };
    }),
  );
}

/** Rules about what is written beside each fixture. */
export const fixtureRules: readonly Rule[] = [
  {
    number: 4,
    name: "fixtures good, empty and bad for every endpoint, none astray",
    check: (subject) => {
      const groups = [...subject.provider.endpoints.map((endpoint) => endpoint.name), "identity", "oauth", "webhook"];
      const missing = subject.provider.endpoints.flatMap((endpoint) =>
        ["good", "empty", "bad"]
          .filter((kind) => !subject.fixtures.some((entry) => entry.group === endpoint.name && entry.kind === kind))
          .map((kind) => `${endpoint.name} has no ${kind}-*.json`),
      );
      const astray = subject.fixtures.filter(
        ({ group, kind }) => !groups.includes(group) || !["good", "empty", "bad"].includes(kind),
      );
      return [...missing, ...astray.map(({ name }) => `${name} belongs to nothing`)];
    },
  },
  {
    number: 5,
    name: "each good fixture maps to exactly what is written beside it",
    check: (subject) =>
      fixturesOf(subject, "good").flatMap(({ endpoint, fixture }) => {
        const page = readOrRefuse(endpoint, fixture.body);
        if ("wireError" in page) return [`${fixture.name} is refused at ${page.wireError}`];
        if (page.setAside.length > 0) return [`${fixture.name} is set aside at ${page.setAside[0]?.path}`];
        return isDeepStrictEqual(bare(page), fixture.expected) ? [] : [`${fixture.name} maps to something else`];
      }),
  },
  {
    number: 6,
    name: "an empty answer is no documents and no further page",
    check: (subject) =>
      fixturesOf(subject, "empty")
        .filter(({ endpoint, fixture }) => {
          const page = readOrRefuse(endpoint, fixture.body);
          return "wireError" in page || page.documents.length + page.setAside.length > 0 || page.cursor !== null;
        })
        .map(({ fixture }) => `${fixture.name} does not read as empty`),
  },
  {
    number: 7,
    name: "each bad fixture is refused, or set aside, at the field written beside it",
    check: (subject) =>
      fixturesOf(subject, "bad").flatMap(({ endpoint, fixture }) => {
        const page = readOrRefuse(endpoint, fixture.body);
        const outcome =
          "wireError" in page
            ? page
            : { setAside: page.setAside.map(({ path }) => path), documents: page.documents.map(({ id }) => id) };
        if (!("wireError" in page) && page.setAside.length === 0) return [`${fixture.name} is accepted`];
        return isDeepStrictEqual(outcome, fixture.expected) ? [] : [`${fixture.name}: ${JSON.stringify(outcome)}`];
      }),
  },
  {
    number: 8,
    name: "reading is deterministic and leaves the body as it was",
    check: (subject) =>
      fixturesOf(subject, "good").flatMap(({ endpoint, fixture }) => {
        const body = structuredClone(fixture.body);
        freeze(body);
        try {
          const [once, again] = [endpoint.read(body), endpoint.read(body)];
          return isDeepStrictEqual(once, again) ? [] : [`${fixture.name} reads differently the second time`];
        } catch (error) {
          return [`${fixture.name}: ${error instanceof Error ? error.name : "thrown"} on a frozen body`];
        }
      }),
  },
  {
    number: 9,
    name: "fields unknown today are tolerated and change nothing",
    check: (subject) =>
      fixturesOf(subject, "good")
        .filter(({ endpoint, fixture }) => {
          const page = readOrRefuse(endpoint, withLaterFields(fixture.body));
          return "wireError" in page || !isDeepStrictEqual(bare(page), bare(endpoint.read(fixture.body)));
        })
        .map(({ fixture }) => `${fixture.name} reads differently with further fields`),
  },
  {
    number: 10,
    name: "enum values unknown today are tolerated",
    check: (subject) =>
      fixturesOf(subject, "good").flatMap(({ endpoint, fixture }) =>
        withUnknownCodes(fixture.body).flatMap(({ path, copy }) => {
          const [before, after] = [telling(endpoint, fixture.body), telling(endpoint, copy)];
          return before.every((id) => after.includes(id)) ? [] : [`${fixture.name} loses a document to ${path}`];
        }),
      ),
  },
];
