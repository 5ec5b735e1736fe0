import { type Endpoint, type Page, type Provider, type Synthetic, WireError } from "../../providers/contract";
import type { WearableRecord } from "../../src/domain/records";
import type { Fixture, Subject } from "./subject";

/** A wearable with one fault, and the number of the rule that must find it. */
export interface Breakage {
  readonly rule: number;
  readonly name: string;
  readonly broken: Subject;
}

/** A sound wearable broken in one place at a time. */
export function breakages(sound: Subject): Breakage[] {
  const provider = (changes: Partial<Provider>): Subject => ({ ...sound, provider: { ...sound.provider, ...changes } });
  const endpoints = (change: (endpoint: Endpoint) => Partial<Endpoint>): Subject =>
    provider({ endpoints: sound.provider.endpoints.map((endpoint) => ({ ...endpoint, ...change(endpoint) })) });
  const reading = (change: (page: Page, body: unknown) => Page): Subject =>
    endpoints((endpoint) => ({ read: (body) => change(endpoint.read(body), body) }));
  const records = (change: (record: WearableRecord) => WearableRecord): Subject =>
    reading((page) => ({
      ...page,
      documents: page.documents.map((document) => ({ ...document, records: document.records.map(change) })),
    }));
  const synthetic = (changes: Partial<Synthetic>): Subject =>
    provider({ synthetic: { ...sound.provider.synthetic, ...changes } });
  const fixtures = (change: (fixture: Fixture) => Fixture[]): Subject => ({
    ...sound,
    fixtures: sound.fixtures.flatMap(change),
  });
  const source = (name: string, text: string): Subject => ({
    ...sound,
    sources: new Map([...sound.sources, [name, text]]),
  });
  const { documents } = sound.provider.synthetic;
  const { oauth } = sound.provider;
  const refuse = (body: unknown, text: string) => {
    if (JSON.stringify(body)?.includes(text)) throw new WireError("", "unknown");
  };
  const rewrite = (record: WearableRecord, from: RegExp, to: string): WearableRecord =>
    JSON.parse(JSON.stringify(record).replace(from, to));
  let count = 0;
  const impure = [
    "export async function read() {}",
    "export const now = () => Date.now();",
    "export const today = new Date();",
    "export const home = process.env.HOME;",
    "export const luck = Math.random();",
    'export const page = fetch("https://example.org");',
    'import { readFileSync } from "node:fs";',
    'import { http } from "../../src/upstream/http";',
    'export const other = import("../other");',
    'export * from "../contract/../../src/config";',
  ];
  return [
    { rule: 1, name: "not in the registry", broken: { ...sound, registry: [] } },
    { rule: 1, name: "another slug than its folder", broken: provider({ slug: "another" }) },
    { rule: 1, name: "no budget of requests", broken: provider({ budgets: [] }) },
    { rule: 1, name: "a budget of half a request", broken: provider({ budgets: [{ requests: 0.5, seconds: 60 }] }) },
    {
      rule: 1,
      name: "two budgets of one length",
      broken: provider({ budgets: [100, 200].map((requests) => ({ requests, seconds: 60 })) }),
    },
    { rule: 1, name: "two endpoints of one name", broken: endpoints(() => ({ name: "same" })) },
    { rule: 2, name: "a file of another name", broken: source("helpers.ts", "") },
    { rule: 2, name: "a long file", broken: source("mapping.ts", "\n//".repeat(121)) },
    {
      rule: 2,
      name: "no fact sheet",
      broken: { ...sound, sources: new Map([...sound.sources].filter(([name]) => name !== "README.md")) },
    },
    ...impure.map((text) => ({ rule: 3, name: text, broken: source("mapping-more.ts", text) })),
    { rule: 4, name: "no empty answer", broken: fixtures((fixture) => (fixture.kind === "empty" ? [] : [fixture])) },
    { rule: 4, name: "a fixture of no endpoint", broken: fixtures((fixture) => [{ ...fixture, group: "elsewhere" }]) },
    { rule: 5, name: "a document lost", broken: reading((page) => ({ ...page, documents: page.documents.slice(1) })) },
    { rule: 5, name: "a day shifted", broken: records((record) => rewrite(record, /"day":"2026/g, '"day":"2027')) },
    {
      rule: 5,
      name: "nothing written beside it",
      broken: fixtures((fixture) => [{ ...fixture, expected: undefined }]),
    },
    { rule: 6, name: "a page after an empty one", broken: reading((page) => ({ ...page, cursor: "more" })) },
    {
      rule: 7,
      name: "faults swallowed",
      broken: endpoints((endpoint) => ({
        read: (body) => {
          try {
            return { ...endpoint.read(body), setAside: [] };
          } catch (error) {
            if (error instanceof WireError) return { documents: [], setAside: [], cursor: null };
            throw error;
          }
        },
      })),
    },
    { rule: 8, name: "differs each time", broken: reading((page) => ({ ...page, cursor: String(count++) })) },
    {
      rule: 8,
      name: "changes the body",
      broken: reading((page, body) => {
        Object.assign(body as object, { seen: true });
        return page;
      }),
    },
    {
      rule: 9,
      name: "refuses further fields",
      broken: reading((page, body) => {
        refuse(body, "added_later");
        return page;
      }),
    },
    {
      rule: 10,
      name: "refuses new values",
      broken: reading((page, body) => {
        refuse(body, "never_seen_before");
        return page;
      }),
    },
    {
      rule: 11,
      name: "milliseconds for seconds",
      broken: records((record) => rewrite(record, /(Seconds":[1-9]\d*)/g, "$1000")),
    },
    {
      rule: 11,
      name: "instants with fractions",
      broken: records((record) => rewrite(record, /(T\d\d:\d\d:\d\d)/g, "$1.000")),
    },
    {
      rule: 11,
      name: "stages that overlap",
      broken: records((record) => rewrite(record, /"stages":\[(\{.*?\})/g, '"stages":[$1,$1')),
    },
    { rule: 12, name: "kinds undeclared", broken: endpoints(() => ({ yields: [] })) },
    { rule: 12, name: "a method undeclared", broken: records((record) => rewrite(record, /RMSSD/g, "SDNN")) },
    { rule: 12, name: "one key for all", broken: records((record) => ({ ...record, key: "same" })) },
    { rule: 13, name: "all in UTC", broken: records((record) => rewrite(record, /[+-]\d\d:\d\d"/g, 'Z"')) },
    { rule: 13, name: "all at one offset", broken: records((record) => rewrite(record, /[+-]\d\d:\d\d"/g, '+09:00"')) },
    { rule: 14, name: "plain http", broken: provider({ apiUrl: sound.provider.apiUrl.replace("https", "http") }) },
    { rule: 14, name: "a path in the origin", broken: provider({ apiUrl: `${sound.provider.apiUrl}/v2` }) },
    {
      rule: 14,
      name: "the cursor as address",
      broken: endpoints((endpoint) => ({
        request: (window, cursor) => ({ ...endpoint.request(window, null), ...(cursor ? { path: cursor } : {}) }),
      })),
    },
    {
      rule: 15,
      name: "a scope that is not there",
      broken: provider({ oauth: { ...oauth, defaultScopes: ["nothing"] } }),
    },
    { rule: 15, name: "scopes joined otherwise", broken: provider({ oauth: { ...oauth, scopeSeparator: "," } }) },
    { rule: 15, name: "another prefix", broken: provider({ oauth: { ...oauth, grantedScopePrefix: "x:" } }) },
    {
      rule: 16,
      name: "everybody the same account",
      broken: provider({
        identity: { from: "request", request: { method: "GET", path: "/me" }, read: () => "everybody" },
      }),
    },
    {
      rule: 17,
      name: "documents without ids",
      broken: synthetic({
        documents: (...given) => documents(...given).map((document) => ({ ...(document as object), id: 5 })),
      }),
    },
    {
      rule: 18,
      name: "every other day missing",
      broken: synthetic({
        documents: (name, person, day, revision) =>
          Number(day.slice(-2)) % 2 ? [] : documents(name, person, day, revision),
      }),
    },
    {
      rule: 19,
      name: "the same for everybody",
      broken: synthetic({
        documents: (name, person, day, revision) => documents(name, { ...person, seed: 1 }, day, revision),
      }),
    },
    {
      rule: 19,
      name: "revisions that change nothing",
      broken: synthetic({ documents: (name, person, day) => documents(name, person, day, 0) }),
    },
    {
      rule: 19,
      name: "not repeatable",
      broken: synthetic({
        documents: (...given) => documents(...given).map((document) => ({ ...(document as object), count: count++ })),
      }),
    },
    {
      rule: 20,
      name: "a cursor forgotten",
      broken: endpoints((endpoint) => ({ request: (window) => endpoint.request(window, null) })),
    },
    { rule: 20, name: "a chain cut off", broken: reading((page) => ({ ...page, cursor: null })) },
    {
      rule: 20,
      name: "the range not repeated",
      broken: endpoints((endpoint) => ({
        request: (window, cursor) => {
          const request = endpoint.request(window, cursor);
          return cursor === null ? request : { ...request, query: { next_token: cursor } };
        },
      })),
    },
    { rule: 21, name: "no margin", broken: endpoints(() => ({ margin: { before: 0, after: 0 } })) },
    { rule: 22, name: "failures that succeed", broken: synthetic({ failure: () => ({ status: 200, body: {} }) }) },
    {
      rule: 22,
      name: "scopes that do not matter",
      broken: synthetic({ answer: () => ({ status: 200, body: { data: [] } }) }),
    },
    { rule: 23, name: "nothing declared", broken: endpoints(() => ({ fills: [] })) },
    {
      rule: 23,
      name: "more declared than is filled",
      broken: endpoints(({ fills = [] }) => ({ fills: [...fills, "ansCharge"] })),
    },
    {
      rule: 23,
      name: "declared, but of a kind that makes another metric",
      broken: endpoints(() => ({ yields: [] })),
    },
    {
      rule: 24,
      name: "a word of the vendor's own as common key",
      broken: records((record) => rewrite(record, /"key":"deep_sleep"/g, '"key":"dormancy"')),
    },
  ];
}
