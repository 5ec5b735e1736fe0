import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const SLUG = /^[a-z][a-z0-9_]*$/;
const REGISTRY = "providers/registry.ts";
const LIST = /(export const providers: readonly Provider\[\] = \[)([^\]]*)\];/;

/** The files of a new wearable by path, each as much as can be said without knowing its vendor. */
export function filesOf(slug: string): Readonly<Record<string, string>> {
  const variable = slug.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll("_", "");
  const name = slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll("_", " ");
  const files: Readonly<Record<string, string>> = {
    "README.md": `# ${name}

What is known of the vendor's API, with sources: write this first.

## Endpoints

## OAuth

## What the fields become
`,
    "index.ts": `import type { OAuthProfile, Provider } from "../contract";
import { endpoints } from "./endpoints";
import { synthetic } from "./synthetic";

/** Where the vendor deviates from RFC 6749 a field of the profile says so. */
const oauth: OAuthProfile = {
  authorizeUrl: "https://example.org/oauth/authorize",
  tokenUrl: "https://example.org/oauth/token",
  scopes: ["sleep"],
  defaultScopes: ["sleep"],
  refresh: "rotating",
};

/** ${name}. */
export const ${variable}: Provider = {
  slug: "${slug}",
  displayName: "${name}",
  apiUrl: "https://example.org",
  oauth,
  identity: { from: "token", field: "user_id" },
  settlesAfterDays: 7,
  mapperVersion: 1,
  endpoints,
  // What the vendor allows the whole application; the fact sheet says where it says so.
  budgets: [{ requests: 60, seconds: 60 }],
  synthetic,
};
`,
    "endpoints.ts": `import { dayUnder, type Endpoint, expectShape, readDocuments } from "../contract";
import { sleepScore } from "./mapping";
import { listAnswer, sleep } from "./wire";

/** The endpoints that this adapter reads. */
export const endpoints: readonly Endpoint[] = [
  {
    name: "sleep",
    yields: ["sleep_score"],
    scopes: ["sleep"],
    request: (window, cursor) => ({
      method: "GET",
      path: "/sleep",
      query: { from: window.start, to: window.end, ...(cursor === null ? {} : { cursor }) },
    }),
    read: (body) => {
      const answer = expectShape(listAnswer, body);
      const page = readDocuments(
        answer.data,
        sleep,
        (item, raw) => ({ id: item.id, raw, records: sleepScore(item) }),
        dayUnder("day"),
      );
      return { ...page, cursor: answer.next ?? null };
    },
  },
];
`,
    "wire.ts": `import { z } from "zod";
import { civilDayText, documentId, quantity } from "../contract";

/** A list answer. */
export const listAnswer = z.object({ data: z.array(z.unknown()), next: z.string().nullish() });

/** A day's sleep, as far as it is read. */
export const sleep = z.object({ id: documentId, day: civilDayText, score: quantity({ min: 0, max: 100 }) });
`,
    "mapping.ts": `import type { z } from "zod";
import type { SleepScoreRecord } from "../../src/domain/records";
import type { sleep } from "./wire";

/** The vendor's score of a day's sleep. */
export function sleepScore({ id, day, score }: z.infer<typeof sleep>): SleepScoreRecord[] {
  return [{ kind: "sleep_score", key: id, day, score, contributors: [] }];
}
`,
    "synthetic.ts": `import type { Synthetic, SyntheticAnswer, SyntheticFailure } from "../contract";

function failure(asked: SyntheticFailure): SyntheticAnswer {
  switch (asked.kind) {
    case "unauthorized":
      return { status: 401, body: { error: "unauthorized" } };
    case "rate_limited":
      return { status: 429, headers: { "Retry-After": asked.retryAfter }, body: { error: "too many requests" } };
    case "server_error":
      return { status: asked.status, body: { error: "server error" } };
  }
}

/** The vendor's cloud as the simulator plays it: no documents yet. */
export const synthetic: Synthetic = {
  documents: () => [],
  answer: ({ path }) => (path === "/sleep" ? { status: 200, body: { data: [], next: null } } : null),
  failure,
  grant: () => null,
  accessTokenSeconds: 3600,
};
`,
  };
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`providers/${slug}/${file}`, text]));
}

/** The registry with a line more; throws RangeError where it is not in its usual form. */
export function registered(registry: string, slug: string): string {
  const variable = /export const (\w+): Provider/.exec(filesOf(slug)[`providers/${slug}/index.ts`] ?? "")?.[1] ?? slug;
  const imports = [...registry.matchAll(/^import .*;\n/gm)].map(([line]) => line);
  if (imports.length === 0 || !LIST.test(registry)) throw new RangeError(`expected ${REGISTRY} in its usual form`);
  const line = `import { ${variable} } from "./${slug}";\n`;
  const from = (text: string) => /"(.*)"/.exec(text)?.[1] ?? "";
  const sorted = [...imports, line].sort((a, b) => (from(a) < from(b) ? -1 : 1));
  const rest = imports.reduce((text, each) => text.replace(each, ""), registry);
  const list = rest.replace(LIST, (_, head: string, members: string) => {
    const names = members.split(",").map((member) => member.trim());
    return `${head}${[...names.filter((member) => member !== ""), variable].join(", ")}];`;
  });
  return sorted.join("") + list;
}

/**
 * Lays out a wearable's folder and registers it; answers the paths written. The conformance suite then says what is missing.
 * Throws RangeError where the slug is none or taken; then nothing is written.
 */
export function layOut(root: string, slug: string): string[] {
  if (!SLUG.test(slug)) throw new RangeError(`expected a slug [a-z][a-z0-9_]*, got "${slug}"`);
  if (slug === "contract" || existsSync(join(root, "providers", slug)))
    throw new RangeError(`providers/${slug} is taken`);
  const registry = registered(readFileSync(join(root, REGISTRY), "utf8"), slug);
  const files = { ...filesOf(slug), [REGISTRY]: registry };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const group of ["sleep", "oauth"]) {
    mkdirSync(join(root, "providers", slug, "fixtures", group), { recursive: true });
  }
  return Object.keys(files);
}

/** Lays out the wearable named on the command line; the status is 1 where that cannot be. */
function main(slug: string | undefined): void {
  try {
    if (slug === undefined) throw new RangeError("expected a slug: npm run new:provider -- <slug>");
    for (const path of layOut(process.cwd(), slug)) console.log(path);
    console.log("Next: npx jest test/providers/conformance -t", slug);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (require.main === module) main(process.argv[2]);
