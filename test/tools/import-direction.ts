import { existsSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { findCycles } from "./import-cycles";
import { type Zone, zones } from "./import-rules";
import {
  type Breach,
  describeBreach,
  isNode,
  readSources,
  type SourceFile,
  type SyntaxNode,
  walk,
} from "./source-tree";

/** What a check of the direction of imports found. */
export interface ImportReport {
  readonly modules: number;
  readonly imports: number;
  readonly breaches: readonly Breach[];
}

interface Import {
  readonly file: string;
  readonly line: number;
  /** As written; undefined where it is computed. */
  readonly specifier: string | undefined;
}

/** Checks every kind of import below `root`'s src, providers and schema against the rule table, and for cycles. */
export function checkImports(root: string, table: readonly Zone[] = zones): ImportReport {
  const sources = readSources(root);
  const imports = sources.flatMap(importsOf);
  const edges = new Map<string, { target: string; line: number }[]>();
  const breaches: Breach[] = [];
  for (const { path } of sources) {
    if (zoneOf(path, table) === undefined) breaches.push({ file: path, line: 1, rule: "the file belongs to no zone" });
  }
  for (const { file, line, specifier } of imports) {
    const target = specifier === undefined ? undefined : resolveTarget(root, file, specifier);
    const rule = judge(file, specifier, target, table);
    if (rule !== undefined) breaches.push({ file, line, rule });
    if (target !== undefined) edges.set(file, [...(edges.get(file) ?? []), { target, line }]);
  }
  for (const cycle of findCycles(edges)) {
    const [file, next] = [cycle[0] ?? "", cycle[1] ?? cycle[0]];
    const line = edges.get(file)?.find(({ target }) => target === next)?.line ?? 1;
    breaches.push({ file, line, rule: `imports run in a cycle: ${[...cycle, file].join(" → ")}` });
  }
  return { modules: sources.length, imports: imports.length, breaches };
}

function judge(file: string, specifier: string | undefined, target: string | undefined, table: readonly Zone[]) {
  const zone = zoneOf(file, table);
  if (zone === undefined) return undefined;
  if (specifier === undefined)
    return zone.name === "composition root" ? undefined : `${zone.name} may not compute what it imports`;
  if (target === undefined) return `"${specifier}" does not exist`;
  const slug = zone.files.exec(file)?.groups?.["slug"] ?? "<slug>";
  const matches = (pattern: RegExp) => new RegExp(pattern.source.replace("<slug>", slug)).test(target);
  const allowed = zone.allow.some(matches) && !zone.deny?.some(matches);
  return allowed ? undefined : `${zone.name} may not import ${target.replace(/^npm:/, "the package ")}`;
}

function zoneOf(file: string, table: readonly Zone[]): Zone | undefined {
  return table.find(({ files }) => files.test(file));
}

function importsOf(source: SourceFile): Import[] {
  const found: Import[] = [];
  walk(source.tree, (node) => {
    const written = specifierNode(node);
    if (written === undefined) return;
    found.push({ file: source.path, line: source.lineOf(node), specifier: literal(written) });
  });
  return found;
}

/** The node that names the module, for each syntax that imports one. */
function specifierNode(node: SyntaxNode): unknown {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return node["source"];
    case "ExportNamedDeclaration":
      return node["source"] ?? undefined;
    case "TsExternalModuleReference":
      return node["expression"];
    case "TsImportType":
      return node["argument"];
    case "CallExpression":
      return isLoader(node["callee"]) ? firstArgument(node) : undefined;
    default:
      return undefined;
  }
}

function isLoader(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === "Import") return true;
  if (callee.type === "Identifier") return callee["value"] === "require";
  const { object, property } = callee as { object?: unknown; property?: unknown };
  return callee.type === "MemberExpression" && isLoader(object) && isNode(property) && property["value"] === "resolve";
}

function firstArgument(call: SyntaxNode): unknown {
  const [first] = (call["arguments"] ?? []) as { expression?: unknown }[];
  return first?.expression ?? call;
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "StringLiteral") return String(node["value"]);
  const quasis = node["quasis"] as { cooked?: string }[] | undefined;
  return node.type === "TemplateLiteral" && quasis?.length === 1 ? quasis[0]?.cooked : undefined;
}

/** A path from the root, `npm:<package>` or `node:<module>`; undefined where a relative file does not exist. */
function resolveTarget(root: string, file: string, specifier: string): string | undefined {
  if (isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, "")}`;
  if (!specifier.startsWith(".")) {
    const parts = specifier.split("/");
    return `npm:${parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/")}`;
  }
  const base = posix.normalize(posix.join(posix.dirname(file), specifier));
  const candidates = [base, `${base}.ts`, `${base}.tsx`, base.replace(/\.js$/, ".ts"), `${base}/index.ts`];
  return candidates.find((path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile());
}

/** Prints the breaches and the closing line; the status is 1 on a breach and where nothing was read. */
function main(root: string): void {
  const { modules, imports, breaches } = checkImports(root);
  for (const breach of breaches) console.error(describeBreach(breach));
  console.log(`${modules} modules, ${imports} imports, ${breaches.length} breaches`);
  if (modules === 0) console.error(`no TypeScript module found below ${root}: nothing was checked`);
  if (modules === 0 || breaches.length > 0) process.exitCode = 1;
}

if (require.main === module) main(process.argv[2] ?? process.cwd());
