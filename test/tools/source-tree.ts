import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { parseSync } from "@swc/core";

/** A node of @swc/core's syntax tree, seen only by what every node has. */
export interface SyntaxNode {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [property: string]: unknown;
}

/** A parsed TypeScript file. */
export interface SourceFile {
  /** Relative to the root, with forward slashes: `src/domain/days.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: SyntaxNode;
  /** Line, from 1, on which a node of this file's tree starts. */
  lineOf(node: SyntaxNode): number;
}

/** A rule that a file breaks, with the place. */
export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** One line for people: `src/a.ts:3  rule`. */
export function describeBreach({ file, line, rule }: Breach): string {
  return `${file}:${line}  ${rule}`;
}

/** Folders and files of the product's own source. */
export const productSource: readonly string[] = ["src", "providers", "schema", "ormconfig.ts"];

/** Parses all TypeScript files below `places`, in the order of their paths. @throws SyntaxError of @swc/core. */
export function readSources(root: string, places: readonly string[] = productSource): SourceFile[] {
  return places
    .filter((place) => existsSync(join(root, place)))
    .flatMap((place) => listFiles(join(root, place)))
    .map((file) => parse(relative(root, file).split(sep).join("/"), readFileSync(file, "utf8")))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Calls `visit` for a node and everything below it. */
export function walk(value: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isNode(value)) {
    visit(value);
    for (const property of Object.values(value)) walk(property, visit);
  } else if (typeof value === "object" && value !== null) {
    // Some parts carry no type of their own: `{ spread, expression }` around an argument.
    for (const property of Object.values(value)) walk(property, visit);
  }
}

/** Whether a value is a syntax node. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}

function parse(path: string, text: string): SourceFile {
  // swc counts bytes from the end of what it parsed before, and starts a module at its first token: the semicolon in
  // front marks where this file begins.
  const marked = text.startsWith("#!") ? text.replace(/^.*/, ";") : `;${text}`;
  const tree = parseSync(marked, {
    syntax: "typescript",
    tsx: path.endsWith(".tsx"),
    decorators: true,
    target: "es2022",
  }) as unknown as SyntaxNode;
  const bytes = Buffer.from(marked);
  const origin = tree.span?.start ?? 0;
  const lineOf = (node: SyntaxNode) => {
    const end = (node.span?.start ?? origin) - origin;
    return bytes.subarray(0, end).filter((byte) => byte === 10).length + 1;
  };
  return { path, text, tree, lineOf };
}

function listFiles(place: string): string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    const path = join(place, entry.name);
    if (entry.isDirectory()) return listFiles(path);
    return /\.(ts|tsx|mts|cts)$/.test(entry.name) ? [path] : [];
  });
}
