import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { met, type Results, readable } from "./report";

const README = join(__dirname, "../../README.md");
const [BEGIN, END] = ["<!-- npm run bench -->", "<!-- end of npm run bench -->"];

/** What the README quotes of a run: every figure beside its target, and answers per second. */
export function quoted({ at, machine, cases, memoryMb, seconds }: Results): string {
  const targets = Object.entries(cases).flatMap(([name, result]) =>
    result.targets.map((target) => {
      const wanted = `${target.better === "more" ? "≥" : "≤"} ${target.wanted}${target.unit}`;
      const got = `${readable(target.got)}${target.unit}`;
      return `| ${name} | ${target.name} | ${got} | ${wanted} | ${target.byCpu === undefined ? "" : `${readable(target.byCpu)}×`} | ${met(target) ? "reached" : "**missed**"} |`;
    }),
  );
  const compared = Object.entries(cases).filter(([, { figures, compared: are = true }]) => figures.length > 0 && are);
  const answers = compared.map(([name, { title, figures }]) => {
    const each = figures.map((one) => `${one.contestant} ${readable(one.perSecond)}`);
    return `| ${name}: ${title} | ${each.join(" · ")} | ${memoryMb[name] ?? ""} |`;
  });
  return [
    `Measured ${at.slice(0, 10)} on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}, in ${Math.round(seconds / 60)} minutes; ${machine.pinning}.`,
    "",
    "| case | figure | measured | to reach | by processor time | |",
    "|---|---|--:|--:|--:|---|",
    ...targets,
    "",
    "| case | answers a second, medians of alternating rounds | gateway's memory afterwards, MB |",
    "|---|---|--:|",
    ...answers,
  ].join("\n");
}

/** Puts a run into the README, between its two marks. Throws where they are missing. */
export function quote(results: Results): void {
  const [before, , after] = parts();
  writeFileSync(README, `${before}${BEGIN}\n\n${quoted(results)}\n\n${END}${after}`);
}

/** What stands between the marks of the README. */
export function standing(): string {
  return parts()[1].trim();
}

function parts(): [before: string, between: string, after: string] {
  const text = readFileSync(README, "utf8");
  const [before, rest] = text.split(BEGIN);
  const [between, after] = rest?.split(END) ?? [];
  if (before === undefined || between === undefined || after === undefined) {
    throw new Error(`expected ${BEGIN} and ${END} in README.md`);
  }
  return [before, between, after];
}
