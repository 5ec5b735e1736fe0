// `npm run faults [-- names… --small]`: plays every fault of this folder (files named *.fault.ts, each exporting `fault`) and
// prints what was measured beside what must be reached.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Fault, Figure } from "./fault";

const ENDING = ".fault.ts";

async function main(words: readonly string[]): Promise<number> {
  const small = words.includes("--small");
  const names = words.filter((word) => !word.startsWith("-"));
  const known = readdirSync(__dirname).filter((file) => file.endsWith(ENDING));
  const unknown = names.filter((name) => !known.includes(`${name}${ENDING}`));
  if (unknown.length > 0) {
    console.error(
      `no fault is named ${unknown.join(", ")}; there are ${known.map((file) => file.slice(0, -ENDING.length)).join(", ")}`,
    );
    return 2;
  }
  const rows: { fault: string; figure: Figure }[] = [];
  for (const file of known.filter((each) => names.length === 0 || names.includes(each.slice(0, -ENDING.length)))) {
    const { fault } = (await import(join(__dirname, file))) as { fault: Fault };
    console.log(`\n${fault.name}: ${fault.title}`);
    const figures = await fault.run({ small, say: (line) => console.log(`  ${line}`) });
    rows.push(...figures.map((figure) => ({ fault: fault.name, figure })));
  }
  print(rows);
  return rows.every(({ figure }) => figure.reached) ? 0 : 1;
}

function print(rows: readonly { fault: string; figure: Figure }[]): void {
  const cells = rows.map(({ fault, figure }) => [
    fault,
    figure.name,
    figure.value,
    figure.target,
    figure.reached ? "reached" : "MISSED",
  ]);
  const table = [["fault", "figure", "measured", "target", ""], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  console.log("");
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
