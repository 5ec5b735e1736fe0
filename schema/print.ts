import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { lexicographicSortSchema, printSchema } from "graphql";
import { providers } from "../providers/registry";
import { buildGatewaySchema } from "./build";

const FILE = path.join(__dirname, "schema.graphql");

/** The schema of every registered wearable as sorted text, the same for the same source. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildGatewaySchema({ providers })))}\n`;
}

/** Writes schema.graphql, or with `check` only compares it; answers whether the file is fresh now. */
export function refreshPrintedSchema(check: boolean): boolean {
  const printed = printedSchema();
  if (check) return existsSync(FILE) && readFileSync(FILE, "utf8") === printed;
  writeFileSync(FILE, printed);
  return true;
}

if (require.main === module && !refreshPrintedSchema(process.argv.includes("--check"))) {
  process.stderr.write("schema/schema.graphql is not what the source says: run npm run schema:print and commit it\n");
  process.exitCode = 1;
}
