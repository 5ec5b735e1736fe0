import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Breach,
  describeBreach,
  isNode,
  readSources,
  type SourceFile,
  type SyntaxNode,
  walk,
} from "./source-tree";

/** A wearable's own folder: the contract is no wearable. */
const adapter = /^providers\/(?!contract\/)[a-z][a-z0-9_]*\//;

const longestFile = 300;
const longestAdapterFile = 120;

/** What pure functions have no use for: clock, chance, network, environment, timers. */
const impureNames = [
  "fetch",
  "process",
  "performance",
  "Promise",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "XMLHttpRequest",
  "WebSocket",
  "globalThis",
  "randomBytes",
  "randomInt",
  "randomUUID",
];

/** What a check of the rules that are no import rules found. */
export interface SourceReport {
  readonly files: number;
  readonly breaches: readonly Breach[];
}

/** Checks lengths, vendors' names in the engine, readers of the environment, and the purity of adapters. */
export function checkSources(root: string): SourceReport {
  const sources = readSources(root);
  const slugs = vendorSlugs(root);
  const rules = [tooLong, readsEnvironment, impure, (source: SourceFile) => namesVendor(source, slugs)];
  return { files: sources.length, breaches: sources.flatMap((source) => rules.flatMap((rule) => rule(source))) };
}

function vendorSlugs(root: string): string[] {
  return readdirSync(join(root, "providers"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "contract")
    .map((entry) => entry.name);
}

function tooLong({ path, text }: SourceFile): Breach[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  const limit = adapter.test(path) ? longestAdapterFile : longestFile;
  return lines > limit ? [{ file: path, line: limit + 1, rule: `${lines} lines, at most ${limit} are allowed` }] : [];
}

/** Anywhere in the text, so that identifiers and comments count too; `encourage` does not name Oura. */
function namesVendor({ path, text }: SourceFile, slugs: readonly string[]): Breach[] {
  if (!/^(src|schema)\//.test(path)) return [];
  return slugs.flatMap((slug) => {
    const capital = slug.charAt(0).toUpperCase() + slug.slice(1);
    const forms = [`(?<![A-Za-z])${slug}(?![a-z])`, `${capital}(?![a-z])`, `(?<![A-Z])${slug.toUpperCase()}(?![A-Z])`];
    const pattern = new RegExp(forms.join("|"));
    return text.split("\n").flatMap((line, index) => {
      return pattern.test(line) ? [{ file: path, line: index + 1, rule: `names the vendor ${slug}` }] : [];
    });
  });
}

function readsEnvironment(source: SourceFile): Breach[] {
  if (source.path === "src/config.ts") return [];
  return find(source, "reads process.env: src/config.ts alone does", (node) => {
    if (node.type === "MemberExpression") return isName(node["object"], "process") && propertyName(node) === "env";
    if (node.type === "VariableDeclarator") return isName(node["init"], "process");
    return (
      node.type === "ImportDeclaration" && /^(node:)?process$/.test(String((node["source"] as SyntaxNode)["value"]))
    );
  });
}

function impure(source: SourceFile): Breach[] {
  if (!adapter.test(source.path)) return [];
  const rule = (what: string) => `an adapter is data and pure functions: no ${what}`;
  return [
    ...find(source, rule("async"), isAsync),
    ...find(source, rule("clock"), readsClock),
    ...find(source, rule("chance"), (node) => isMember(node, "Math", "random")),
    ...impureNames.flatMap((name) => find(source, rule(name), (node) => isName(node, name) || importsName(node, name))),
  ];
}

function isAsync(node: SyntaxNode): boolean {
  // A class keeps a method's function in a part of its own.
  const parts = [node, node["function"]] as ({ async?: unknown } | undefined)[];
  return node.type === "AwaitExpression" || node["await"] === true || parts.some((part) => part?.async === true);
}

function importsName(node: SyntaxNode, name: string): boolean {
  const original = (node["imported"] ?? node["local"]) as SyntaxNode | undefined;
  return node.type === "ImportSpecifier" && original?.["value"] === name;
}

function readsClock(node: SyntaxNode): boolean {
  if (isMember(node, "Date", "now")) return true;
  // Without arguments, and as a function with any, Date is now.
  if (node.type === "CallExpression") return isName(node["callee"], "Date");
  const noArguments = ((node["arguments"] ?? []) as unknown[]).length === 0;
  return node.type === "NewExpression" && isName(node["callee"], "Date") && noArguments;
}

function find(source: SourceFile, rule: string, matches: (node: SyntaxNode) => boolean): Breach[] {
  const lines = new Set<number>();
  walk(source.tree, (node) => {
    if (matches(node)) lines.add(source.lineOf(node));
  });
  return [...lines].map((line) => ({ file: source.path, line, rule }));
}

function isMember(node: SyntaxNode, object: string, property: string): boolean {
  return node.type === "MemberExpression" && isName(node["object"], object) && propertyName(node) === property;
}

function propertyName(node: SyntaxNode): unknown {
  const { property } = node as { property?: unknown };
  if (!isNode(property)) return undefined;
  return property.type === "Computed" ? (property["expression"] as SyntaxNode)["value"] : property["value"];
}

/** The global of that name: swc marks it with 1, a name declared in the file with a higher number, a property with none. */
function isName(node: unknown, name: string): boolean {
  return isNode(node) && node.type === "Identifier" && node["value"] === name && node["ctxt"] === 1;
}

/** Prints the breaches and the closing line; the status is 1 on a breach and where nothing was read. */
function main(root: string): void {
  const { files, breaches } = checkSources(root);
  for (const breach of breaches) console.error(describeBreach(breach));
  console.log(`${files} files against the source rules, ${breaches.length} breaches`);
  if (files === 0 || breaches.length > 0) process.exitCode = 1;
}

if (require.main === module) main(process.argv[2] ?? process.cwd());
