import type { Machine } from "./machine";
import type { Figures } from "./race";

/** A figure beside the one to reach. */
export interface Target {
  readonly name: string;
  readonly got: number;
  readonly wanted: number;
  /** Whether more than `wanted` is asked for, or less. */
  readonly better: "more" | "less";
  readonly unit: string;
  /** The same by processor time an answer, where it is a ratio of answers a second: what others do on the machine changes it little. */
  readonly byCpu?: number;
}

/** What a case came to. */
export interface CaseResult {
  /** What was measured, in one line. */
  readonly title: string;
  readonly figures: readonly Figures[];
  /** False where the figures are of other questions each, so that their ratios say nothing. */
  readonly compared?: boolean;
  readonly targets: readonly Target[];
  /** What else is to be said: further figures, what was left out and why. */
  readonly notes: readonly string[];
}

/** Everything of a run, as the JSON file holds it. */
export interface Results {
  readonly at: string;
  readonly scale: string;
  readonly machine: Machine;
  readonly cases: Readonly<Record<string, CaseResult>>;
  /** Megabytes of the gateway's resident memory after each case. */
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Whether a target is met. */
export function met({ got, wanted, better }: Target): boolean {
  return better === "more" ? got >= wanted : got <= wanted;
}

/** A figure in three digits. */
export const readable = (value: number): string =>
  Number.isNaN(value) ? "–" : value >= 100 ? String(Math.round(value)) : value.toPrecision(3);

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((row) => row[place]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, place) => (place === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[place] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** A case as a table of its contestants, its targets and its notes. */
export function describeCase(name: string, { title, figures, targets, notes, compared = true }: CaseResult): string {
  const lines = [`${name}: ${title}`];
  if (figures.length > 0) {
    const own = figures[0]?.perSecond ?? Number.NaN;
    const head = [
      "",
      "answers/s",
      "gateway =",
      "p50 ms",
      "p99 ms",
      "CPU ms",
      "PG ms",
      "kB",
      "MB",
      "client",
      "checked",
      "failed",
    ];
    const rows = figures.map((one) => [
      `  ${one.contestant}`,
      readable(one.perSecond),
      compared ? `${readable(own / one.perSecond)}×` : "–",
      readable(one.p50),
      readable(one.p99),
      readable(one.cpuMs),
      readable(one.postgresMs),
      readable(one.bytes / 1_000),
      one.memoryMb === null ? "–" : readable(one.memoryMb),
      `${Math.round(one.clientCpu * 100)}%`,
      String(one.checked),
      String(one.failures),
    ]);
    lines.push(...columns([head, ...rows]));
  }
  for (const target of targets) {
    const sign = target.better === "more" ? "≥" : "≤";
    const cpu = target.byCpu === undefined ? "" : `; ${readable(target.byCpu)}× by processor time`;
    const verdict = met(target) ? "reached" : "MISSED";
    lines.push(
      `  ${verdict.padEnd(7)} ${target.name}: ${readable(target.got)}${target.unit} (${sign} ${target.wanted}${target.unit}${cpu})`,
    );
  }
  for (const note of notes) lines.push(`  – ${note}`);
  return lines.join("\n");
}

/** The last lines of a run: every target in one list. */
export function describeTargets(results: Results): string {
  const all = Object.entries(results.cases).flatMap(([name, { targets }]) =>
    targets.map((target) => ({ name, target })),
  );
  const short = all.filter(({ target }) => !met(target));
  const lines = all.map(({ name, target }) => [
    `  ${met(target) ? "reached" : "MISSED "} ${name}: ${target.name}`,
    `${readable(target.got)}${target.unit}`,
    `${target.better === "more" ? "≥" : "≤"} ${target.wanted}${target.unit}`,
  ]);
  return [`${all.length - short.length} of ${all.length} figures reached`, ...columns(lines)].join("\n");
}
