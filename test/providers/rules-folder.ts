import type { RequestBudget } from "../../providers/contract";
import type { Rule } from "./subject";

const REQUIRED = ["index.ts", "endpoints.ts", "wire.ts", "mapping.ts", "synthetic.ts", "README.md"];
const ALLOWED = /^(?:webhook|subscriptions|(?:wire|mapping|synthetic)-[a-z]+(?:-[a-z]+)*)\.ts$/;
const MAX_LINES = 120;

const FORBIDDEN: readonly [string, RegExp][] = [
  ["async", /\basync\b/],
  ["await", /\bawait\b/],
  ["Promise", /\bPromise\b/],
  ["fetch", /\bfetch\s*\(/],
  ["clock", /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b|\bhrtime\b/],
  ["timer", /\bset(?:Timeout|Interval|Immediate)\b/],
  ["environment", /\bprocess\b/],
  ["chance", /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b/],
  ["output", /\bconsole\b/],
  ["module at run time", /\brequire\s*\(|\bimport\s*\(/],
];

const IMPORTABLE = /^(?:\.\/[a-z-]+|\.\.\/contract|\.\.\/\.\.\/src\/domain\/[a-z]+|zod|node:crypto)$/;

/** The text without comments: they may name what the code may not. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** Rules about the folder and its text. */
export const folderRules: readonly Rule[] = [
  {
    number: 1,
    name: "registered once, under a proper slug",
    check: ({ slug, provider, registry }) => {
      const problems: string[] = [];
      if (!/^[a-z][a-z0-9_]*$/.test(slug)) problems.push(`slug ${slug} is not [a-z][a-z0-9_]*`);
      if (provider.slug !== slug) problems.push(`folder ${slug} holds the slug ${provider.slug}`);
      const times = registry.filter((entry) => entry.slug === slug).length;
      if (times !== 1) problems.push(`registered ${times} times`);
      if (provider.displayName.trim() === "") problems.push("no displayName");
      const names = provider.endpoints.map((endpoint) => endpoint.name);
      if (names.length === 0 || new Set(names).size !== names.length) problems.push("endpoint names are not unique");
      if (!Number.isInteger(provider.mapperVersion) || provider.mapperVersion < 1) problems.push("mapperVersion");
      if (!(provider.settlesAfterDays >= 0)) problems.push("settlesAfterDays");
      return [...problems, ...budgetProblems(provider.budgets)];
    },
  },
  {
    number: 2,
    name: "same file names as every wearable, at most 120 lines each",
    check: ({ sources }) => {
      const names = [...sources.keys()];
      const missing = REQUIRED.filter((name) => !names.includes(name)).map((name) => `${name} is missing`);
      const strange = names.filter((name) => !REQUIRED.includes(name) && !ALLOWED.test(name));
      const long = names.filter((name) => name.endsWith(".ts") && lines(sources.get(name) ?? "") > MAX_LINES);
      return [
        ...missing,
        ...strange.map((name) => `${name} is no name of an adapter's file`),
        ...long.map((name) => `${name} has more than ${MAX_LINES} lines`),
      ];
    },
  },
  {
    number: 3,
    name: "pure: no I/O, clock, environment, chance; imports domain and contract only",
    check: ({ sources }) =>
      [...sources]
        .filter(([name]) => name.endsWith(".ts"))
        .flatMap(([name, text]) => {
          const bare = code(text);
          const found = FORBIDDEN.filter(([, token]) => token.test(bare)).map(([what]) => `${name}: ${what}`);
          const imports = [...bare.matchAll(/\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm)].map(
            (match) => match[1] ?? match[2],
          );
          const strange = imports.filter((from) => !IMPORTABLE.test(from ?? ""));
          return [...found, ...strange.map((from) => `${name}: imports ${from}`)];
        }),
  },
];

function budgetProblems(budgets: readonly RequestBudget[]): string[] {
  const whole = (value: number) => Number.isInteger(value) && value > 0;
  const strange = budgets.filter(
    ({ requests, seconds, perAccount = 1 }) => ![requests, seconds, perAccount].every(whole),
  );
  const lengths = new Set(budgets.map(({ seconds }) => seconds));
  return [
    ...(budgets.length === 0 ? ["no budget of requests"] : []),
    ...(strange.length > 0 ? ["budgets are not of whole requests, seconds and accounts"] : []),
    ...(lengths.size < budgets.length ? ["two budgets are of the same length"] : []),
  ];
}

function lines(text: string): number {
  return text.trimEnd().split("\n").length;
}
