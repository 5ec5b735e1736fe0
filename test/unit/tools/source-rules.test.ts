import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { withTree } from "../../support/seeded-tree";
import { checkSources } from "../../tools/source-rules";
import { describeBreach } from "../../tools/source-tree";

const sound: Readonly<Record<string, string>> = {
  "providers/oura/index.ts":
    'interface Row { process: string; fetch: string }\nexport const day = (row: Row) => [row.process, new Date("2026-01-01"), row.fetch];\n',
  "providers/contract/index.ts": "export const contract = 1;\n",
  "src/config.ts": "export const config = process.env;\n",
  "src/domain/text.ts": 'export const text = "we encourage sleep";\n',
  "src/services/clock.ts": "export const now = async () => Date.now();\n",
};

const breachesOf = (files: Readonly<Record<string, string>>) =>
  withTree({ ...sound, ...files }, (root) => checkSources(root).breaches.map(describeBreach));

test("a sound tree has no breach", async () => {
  expect(await breachesOf({})).toEqual([]);
});

test("files have a limit, adapters a lower one", async () => {
  const lines = (count: number) => "export {};\n".repeat(count);
  expect(await breachesOf({ "src/domain/a.ts": lines(300), "providers/oura/a.ts": lines(120) })).toEqual([]);
  expect(
    await breachesOf({ "src/domain/a.ts": lines(301), "schema/a.ts": lines(301), "providers/oura/a.ts": lines(121) }),
  ).toEqual([
    "providers/oura/a.ts:121  121 lines, at most 120 are allowed",
    "schema/a.ts:301  301 lines, at most 300 are allowed",
    "src/domain/a.ts:301  301 lines, at most 300 are allowed",
  ]);
});

describe("the engine names no vendor", () => {
  test.each([
    ["a string", 'export const a = "oura";'],
    ["a part of a string", 'export const a = "https://api.ouraring.com/oura/v2";'],
    ["a template", "export const a = (x: string) => `oura-{x}`;"],
    ["upper case", 'export const a = "OURA_CLIENT_ID";'],
    ["an identifier", "export const isOura = true;"],
    ["a comment", "export const a = 1; // Oura does it otherwise"],
  ])("in %s", async (_, line) => {
    expect(await breachesOf({ "src/domain/a.ts": `\n${line}\n`, "schema/a.ts": `${line}\n` })).toEqual([
      "schema/a.ts:1  names the vendor oura",
      "src/domain/a.ts:2  names the vendor oura",
    ]);
  });
});

describe("src/config.ts alone reads the environment", () => {
  test.each([
    ["process.env", "export const a = process.env.HOME;"],
    ["process['env']", 'export const a = process["env"];'],
    ["a destructured process", "export const { env } = process;"],
    ["an imported process", 'export { env as a };\nimport { env } from "node:process";'],
  ])("%s", async (_, text) => {
    const [breach, ...more] = await breachesOf({ "src/http/a.ts": `${text}\n` });
    expect(breach).toMatch(/^src\/http\/a\.ts:\d {2}reads process\.env: src\/config\.ts alone does$/);
    expect(more).toEqual([]);
  });
});

describe("an adapter is data and pure functions", () => {
  test.each([
    ["async", "export async function f() {}"],
    ["async", "export const f = async () => 1;"],
    ["async", "export const f = { async g() {} };"],
    ["async", "export class F { async g() {} }"],
    ["fetch", 'export const f = () => fetch("https://example.org");'],
    ["clock", "export const f = () => Date.now();"],
    ["clock", "export const f = () => new Date();"],
    ["clock", "export const f = () => new Date;"],
    ["clock", "export const f = () => Date();"],
    ["performance", "export const f = () => performance.now();"],
    ["chance", "export const f = () => Math.random();"],
    ["process", "export const f = () => process.hrtime();"],
    ["Promise", "export const f = () => Promise.resolve(1);"],
    ["setTimeout", "export const f = () => setTimeout(() => 1, 1);"],
    ["randomBytes", 'import { randomBytes } from "node:crypto";\nexport const f = () => randomBytes(8);'],
  ])("no %s: %s", async (what, text) => {
    const breaches = await breachesOf({ "providers/oura/mapping.ts": `${text}\n` });
    expect(breaches.at(-1)).toMatch(/^providers\/oura\/mapping\.ts:[12] {2}an adapter is data and pure functions: no /);
    expect(breaches.at(-1)).toMatch(new RegExp(`no ${what}$`));
  });

  test("a reader of the environment breaks two rules", async () => {
    expect(await breachesOf({ "providers/oura/a.ts": "export const f = () => process.env.HOME;\n" })).toEqual([
      "providers/oura/a.ts:1  reads process.env: src/config.ts alone does",
      "providers/oura/a.ts:1  an adapter is data and pure functions: no process",
    ]);
  });
});

test("the command names the breach and fails", async () => {
  const script = join(__dirname, "../../tools/source-rules.ts");
  const { status, stdout, stderr } = await withTree(
    { "providers/oura/a.ts": "export const f = Math.random();\n" },
    (root) => spawnSync(process.execPath, ["--import", "tsx", script, root], { encoding: "utf8" }),
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "1 files against the source rules, 1 breaches\n",
    stderr: "providers/oura/a.ts:1  an adapter is data and pure functions: no chance\n",
  });
});
