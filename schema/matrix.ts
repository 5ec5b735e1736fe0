import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fieldsOf, type Provider } from "../providers/contract";
import { providers } from "../providers/registry";
import { MEASURED_FIELDS } from "../src/domain/measured";
import { METRICS } from "../src/domain/metrics";

const FILE = path.join(__dirname, "../README.md");
const BEGIN = "<!-- matrix -->";
const END = "<!-- /matrix -->";

/** The capability matrix (metric × field, a column for each wearable) as a Markdown table; fields that nobody fills are left out. */
export function capabilityMatrix(wearables: readonly Provider[]): string {
  const columns = wearables.map(
    (provider) => new Set(fieldsOf(provider).map(({ metric, name }) => `${metric} ${name}`)),
  );
  const rows = METRICS.flatMap((metric) =>
    MEASURED_FIELDS[metric]
      .map((name) => [metric, name, columns.map((fields) => fields.has(`${metric} ${name}`))] as const)
      .filter(([, , cells]) => cells.includes(true)),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["Metric", "Field", ...wearables.map(({ displayName }) => displayName)]),
    line(["---", "---", ...wearables.map(() => ":-:")]),
    ...rows.map(([metric, name, cells]) => line([metric, `\`${name}\``, ...cells.map((has) => (has ? "yes" : "–"))])),
  ].join("\n");
}

/** The text with what is between its markers replaced by the matrix; null where it has not exactly one pair of markers in order. */
export function withMatrix(text: string, matrix: string): string | null {
  const [before, within, ...more] = text.split(BEGIN);
  const [old, after, ...others] = (within ?? "").split(END);
  if (before === undefined || old === undefined || after === undefined || more.length + others.length > 0) return null;
  return `${before}${BEGIN}\n${matrix}\n${END}${after}`;
}

/** Writes the matrix into README.md, or with `check` only compares; answers what is wrong, null where the file is fresh now. */
export function refreshMatrix(check: boolean): string | null {
  const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
  const fresh = withMatrix(text, capabilityMatrix(providers));
  if (fresh === null) return `README.md needs ${BEGIN} and, after it, ${END}, once each`;
  if (!check) writeFileSync(FILE, fresh);
  return check && fresh !== text
    ? "README.md does not show what the adapters can fill: run npm run matrix:print and commit it"
    : null;
}

if (require.main === module) {
  const problem = refreshMatrix(process.argv.includes("--check"));
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
  }
}
