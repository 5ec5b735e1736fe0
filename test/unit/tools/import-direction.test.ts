import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { withTree } from "../../support/seeded-tree";
import { checkImports } from "../../tools/import-direction";
import { describeBreach } from "../../tools/source-tree";

/** A tree without a breach that uses each zone. */
const sound: Readonly<Record<string, string>> = {
  "src/domain/days.ts": "export type Day = string;\nexport const today = 1;\n",
  "src/domain/ranges.ts": 'import { type Day } from "./days";\nexport type Range = [Day, Day];\n',
  "providers/contract/index.ts": 'export type { Range } from "../../src/domain/ranges";\n',
  "providers/acme/index.ts":
    'import { z } from "zod";\nimport { check } from "./webhook";\nexport const acme = { z, check };\n',
  "providers/acme/webhook.ts": 'import { createHmac } from "node:crypto";\nexport const check = createHmac;\n',
  "providers/beta/index.ts": "export const beta = 1;\n",
  "providers/registry.ts": 'export { acme } from "./acme";\nexport { beta } from "./beta/index";\n',
  "src/services/ports.ts":
    'import type { Day } from "../domain/days";\nexport interface Store { get(day: Day): string }\n',
  "src/services/read.ts":
    'import type { Store } from "./ports";\nimport { ask } from "../upstream/ask";\nexport const read = (s: Store) => [s, ask];\n',
  "src/upstream/ask.ts": 'import { request } from "undici";\nexport const ask = request;\n',
  "src/oauth/engine.ts": 'import { ask } from "../upstream/ask";\nexport const engine = ask;\n',
  "src/loaders/days.ts":
    'import DataLoader from "dataloader";\nimport { read } from "../services/read";\nexport const l = [DataLoader, read];\n',
  "src/cache/redis.ts":
    'import Redis from "ioredis";\nimport type { Store } from "../services/ports";\nexport const r = (s: Store) => [s, Redis];\n',
  "src/db/store.ts":
    'import { DataSource } from "typeorm";\nimport type { Store } from "../services/ports";\nexport const d = (s: Store) => [s, DataSource];\n',
  "src/http/server.ts":
    'import fastify from "fastify";\nimport { config } from "../config";\nimport { resolver } from "../../schema/resolver";\nexport const h = [fastify, config, resolver];\n',
  "src/simulator/cloud.ts": 'import fastify from "fastify";\nexport const cloud = fastify;\n',
  "src/config.ts": 'import { z } from "zod";\nexport const config = z;\n',
  "schema/resolver.ts":
    'import { Query } from "type-graphql";\nimport { read } from "../src/services/read";\nexport const resolver = [Query, read];\n',
  "src/app.ts":
    'import { acme } from "../providers/registry";\nimport { d } from "./db/store";\nexport const app = [acme, d, import("./http/server")];\n',
  "src/main.ts": 'import { app } from "./app";\nexport const main = app;\n',
};

const breachesOf = (files: Readonly<Record<string, string>>) =>
  withTree({ ...sound, ...files }, (root) => checkImports(root).breaches.map(describeBreach));

test("a sound tree has no breach, and every module and import of it is counted", async () => {
  const report = await withTree(sound, (root) => checkImports(root));
  expect(report).toEqual({ modules: Object.keys(sound).length, imports: 29, breaches: [] });
});

describe("each kind of import is seen", () => {
  const target = "../db/store";
  test.each([
    ["import", `import { d } from "${target}";`],
    ["import for effect", `import "${target}";`],
    ["import type", `import type { d } from "${target}";`],
    ["import { type }", `import { type d } from "${target}";`],
    ["import * as", `import * as all from "${target}";`],
    ["import = require()", `import all = require("${target}");`],
    ["export from", `export { d } from "${target}";`],
    ["export * from", `export * from "${target}";`],
    ["export * as", `export * as all from "${target}";`],
    ["export type from", `export type { d } from "${target}";`],
    ["export type * from", `export type * from "${target}";`],
    ["import()", `export const later = () => import("${target}");`],
    ["import() of a template", `export const later = () => import(\`${target}\`);`],
    ["require()", `const all = require("${target}");`],
    ["require.resolve()", `const path = require.resolve("${target}");`],
    ["import().T", `type D = import("${target}").D;`],
    ["typeof import()", `let all: typeof import("${target}");`],
    ["an import within a function", `export function f(): void {\n  void import("${target}"); }`],
  ])("%s", async (_, statement) => {
    const line = statement.includes("\n") ? 4 : 3;
    expect(await breachesOf({ "src/domain/days.ts": `// ünïcode\n\n${statement}\nexport const today = 1;\n` })).toEqual(
      expect.arrayContaining([`src/domain/days.ts:${line}  domain may not import src/db/store.ts`]),
    );
  });

  test("a computed import cannot be checked and is a breach", async () => {
    expect(await breachesOf({ "src/domain/late.ts": "export const f = (name: string) => import(name);\n" })).toEqual([
      "src/domain/late.ts:1  domain may not compute what it imports",
    ]);
  });

  test("a relative import of nothing is a breach", async () => {
    expect(await breachesOf({ "src/domain/lost.ts": 'import "./nothing";\n' })).toEqual([
      'src/domain/lost.ts:1  "./nothing" does not exist',
    ]);
  });
});

describe("each zone refuses what is not its own", () => {
  test.each([
    ["src/domain/x.ts", "zod", "domain may not import the package zod"],
    ["src/domain/x.ts", "fs", "domain may not import node:fs"],
    ["providers/contract/x.ts", "undici", "provider contract may not import the package undici"],
    ["src/config/keys.ts", "../config", "config may not import src/config.ts"],
    ["src/logging.ts", "./config", "logging may not import src/config.ts"],
    ["providers/contract/x.ts", "../acme", "provider contract may not import providers/acme/index.ts"],
    ["providers/contract/x.ts", "../../src/services/ports", "provider contract may not import src/services/ports.ts"],
    ["providers/registry.ts", "./acme/webhook", "provider registry may not import providers/acme/webhook.ts"],
    ["providers/acme/mapping.ts", "../beta", "provider may not import providers/beta/index.ts"],
    ["providers/acme/mapping.ts", "node:crypto", "provider may not import node:crypto"],
    ["providers/acme/mapping.ts", "undici", "provider may not import the package undici"],
    ["providers/acme/mapping.ts", "../../src/upstream/ask", "provider may not import src/upstream/ask.ts"],
    ["providers/acme/webhook.ts", "node:fs", "provider webhook may not import node:fs"],
    ["providers/acme/webhook.ts", "node:fs/promises", "provider webhook may not import node:fs/promises"],
    ["src/services/x.ts", "typeorm", "services may not import the package typeorm"],
    ["src/services/x.ts", "ioredis", "services may not import the package ioredis"],
    ["src/services/x.ts", "pg", "services may not import the package pg"],
    ["src/services/x.ts", "fastify", "services may not import the package fastify"],
    ["src/services/x.ts", "graphql/error", "services may not import the package graphql"],
    ["src/services/x.ts", "type-graphql", "services may not import the package type-graphql"],
    ["src/services/x.ts", "@apollo/server", "services may not import the package @apollo/server"],
    ["src/services/x.ts", "../db/store", "services may not import src/db/store.ts"],
    ["src/services/x.ts", "../config", "services may not import src/config.ts"],
    ["src/services/x.ts", "../../providers/registry", "services may not import providers/registry.ts"],
    ["src/oauth/x.ts", "../services/read", "oauth may not import src/services/read.ts"],
    ["src/upstream/x.ts", "../oauth/engine", "upstream may not import src/oauth/engine.ts"],
    ["src/upstream/x.ts", "ioredis", "upstream may not import the package ioredis"],
    ["src/loaders/x.ts", "../db/store", "loaders may not import src/db/store.ts"],
    ["src/cache/x.ts", "../services/read", "cache may not import src/services/read.ts"],
    ["src/db/x.ts", "../services/read", "db may not import src/services/read.ts"],
    ["src/db/x.ts", "ioredis", "db may not import the package ioredis"],
    ["schema/x.ts", "../src/db/store", "schema may not import src/db/store.ts"],
    ["schema/x.ts", "../src/cache/redis", "schema may not import src/cache/redis.ts"],
    ["schema/x.ts", "../src/http/server", "schema may not import src/http/server.ts"],
    ["schema/x.ts", "../providers/acme", "schema may not import providers/acme/index.ts"],
    ["src/http/x.ts", "../db/store", "http may not import src/db/store.ts"],
    ["src/http/x.ts", "../simulator/cloud", "http may not import src/simulator/cloud.ts"],
    ["src/http/x.ts", "../../providers/acme", "http may not import providers/acme/index.ts"],
    ["src/simulator/x.ts", "../oauth/engine", "simulator may not import src/oauth/engine.ts"],
    ["src/simulator/x.ts", "../../providers/acme", "simulator may not import providers/acme/index.ts"],
    ["src/config.ts", "./db/store", "config may not import src/db/store.ts"],
  ])("%s → %s", async (file, specifier, rule) => {
    expect(await breachesOf({ [file]: `export * from "${specifier}";\n` })).toContain(`${file}:1  ${rule}`);
  });

  test("a file outside every zone is a breach", async () => {
    expect(await breachesOf({ "src/helpers/misc.ts": "export {};\n" })).toEqual([
      "src/helpers/misc.ts:1  the file belongs to no zone",
    ]);
  });
});

describe("cycles", () => {
  test("a cycle of types alone is a breach with its whole way", async () => {
    const files = {
      "src/domain/a.ts": 'export const a = 1;\nexport type { B } from "./b";\n',
      "src/domain/b.ts": 'import type { C } from "./c";\nexport type B = C;\n',
      "src/domain/c.ts": 'export type C = import("./a").B;\n',
    };
    expect(await breachesOf(files)).toEqual([
      "src/domain/a.ts:2  imports run in a cycle: src/domain/a.ts → src/domain/b.ts → src/domain/c.ts → src/domain/a.ts",
    ]);
  });

  test("a file that imports itself is a cycle", async () => {
    expect(await breachesOf({ "src/domain/a.ts": 'import "./a";\n' })).toEqual([
      "src/domain/a.ts:1  imports run in a cycle: src/domain/a.ts → src/domain/a.ts",
    ]);
  });
});

describe("the command", () => {
  const command = (root: string) =>
    spawnSync(process.execPath, ["--import", "tsx", join(__dirname, "../../tools/import-direction.ts"), root], {
      encoding: "utf8",
    });

  test("fails where it read no module", async () => {
    const { status, stdout, stderr } = await withTree({ "README.md": "nothing here\n" }, command);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "0 modules, 0 imports, 0 breaches\n" });
    expect(stderr).toMatch(/nothing was checked/);
  });

  test("names each breach and fails", async () => {
    const { status, stdout, stderr } = await withTree({ "src/domain/a.ts": 'import "zod";\n' }, command);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "1 modules, 1 imports, 1 breaches\n" });
    expect(stderr).toBe("src/domain/a.ts:1  domain may not import the package zod\n");
  });

  test("passes a sound tree", async () => {
    const { status, stdout } = await withTree(sound, command);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "20 modules, 29 imports, 0 breaches\n" });
  });
});
