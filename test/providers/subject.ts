import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Provider } from "../../providers/contract";

/** A recorded-shape body and what is written beside it. `kind`: the first word of its file name. */
export interface Fixture {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly body: unknown;
  readonly expected: unknown;
}

/** One provider's folder as the rules see it. */
export interface Subject {
  readonly slug: string;
  readonly registry: readonly Provider[];
  readonly provider: Provider;
  readonly sources: ReadonlyMap<string, string>;
  readonly fixtures: readonly Fixture[];
}

const ROOT = join(__dirname, "../../providers");

/** The folders under providers/ that hold a wearable. */
export function wearableFolders(): string[] {
  return readdirSync(ROOT).filter((name) => name !== "contract" && statSync(join(ROOT, name)).isDirectory());
}

function fixturesOf(root: string, slug: string): Fixture[] {
  const folder = join(root, slug, "fixtures");
  if (!existsSync(folder)) return [];
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  return readdirSync(folder).flatMap((group) =>
    readdirSync(join(folder, group))
      .filter((file) => file.endsWith(".json") && !file.endsWith(".expected.json"))
      .map((file) => {
        const beside = join(folder, group, file.replace(/\.json$/, ".expected.json"));
        return {
          group,
          kind: file.split("-")[0] ?? "",
          name: `${group}/${file}`,
          body: read(join(folder, group, file)),
          expected: existsSync(beside) ? read(beside) : undefined,
        };
      }),
  );
}

/** Reads a wearable's folder; throws where it is not in the registry, for no rule could run on it. */
export function loadSubject(slug: string, registry: readonly Provider[], root = ROOT): Subject {
  const provider = registry.find((entry) => entry.slug === slug);
  if (!provider) throw new Error(`providers/${slug} is not in providers/registry.ts`);
  const files = readdirSync(join(root, slug)).filter((name) => statSync(join(root, slug, name)).isFile());
  const sources = new Map(files.map((name) => [name, readFileSync(join(root, slug, name), "utf8")]));
  return { slug, registry, provider, sources, fixtures: fixturesOf(root, slug) };
}

/** A check of one promise; answers what is wrong, nothing where all is well. */
export interface Rule {
  readonly number: number;
  readonly name: string;
  check(subject: Subject): string[];
}
