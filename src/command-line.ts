import { providers } from "../providers/registry";
import { type Config, loadConfig } from "./config";
import type { Database } from "./db/database";
import { SettingError } from "./domain/errors";
import { createLogger } from "./logging";
import { openDatabase, type Undoing } from "./open-database";

/** A command line that is not understood or cannot be obeyed; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What a command works with: the gateway's own settings and database. `closing`: what to undo at the end. */
export interface CommandParts {
  readonly config: Config;
  readonly database: Database;
  readonly closing: Undoing;
}

/** What a command line asks for; answers what to print. */
export type Command = (parts: CommandParts) => Promise<string>;

/**
 * Runs what the process's command line asks for and prints what came of it; exit status 1 with one line where that is an error which
 * the command line can mend. `expected`: further errors whose message is meant for people.
 */
export function runCommand(
  parse: (args: readonly string[]) => Command,
  expected: (error: unknown) => boolean = () => false,
): void {
  main(parse, process.argv.slice(2)).catch((error: unknown) => {
    const misused = error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    const told = error instanceof UsageError || error instanceof SettingError || misused || expected(error);
    if (told && error instanceof Error) process.stderr.write(`${error.message}\n`);
    else createLogger({ level: "info" }).fatal({ err: error }, "the command failed");
    process.exitCode = 1;
  });
}

async function main(parse: (args: readonly string[]) => Command, args: readonly string[]): Promise<void> {
  const command = parse(args);
  const config = loadConfig(providers.map((provider) => provider.slug));
  const steps: (() => unknown)[] = [];
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const closing: Undoing = { add: (step) => void steps.unshift(step) };
  try {
    const database = await openDatabase(config, { info: say, warn: say }, closing);
    process.stdout.write(`${await command({ config, database, closing })}\n`);
  } finally {
    for (const step of steps) await step();
  }
}

/** Rows under their titles, in columns; the last one is not padded. */
export function columns(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** An instant (epoch seconds) for people: `2026-11-21T07:00:00Z`; `-` for null. */
export function timeText(at: number | null): string {
  return at === null ? "-" : `${new Date(at * 1_000).toISOString().slice(0, 19)}Z`;
}
