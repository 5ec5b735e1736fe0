import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { scripts } from "../../package.json";
import { PROJECT } from "./gateway-process";
import { programArguments } from "./program";

/** How a command ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What `npm run <script> -- <args>` does with the settings `env` and nothing else of the test's environment but PATH and HOME: by npm
 * itself where `byNpm` says so, else the script's program alone.
 */
export async function runCommand(
  script: "keys" | "jobs" | "subscriptions",
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  byNpm = false,
): Promise<Said> {
  const { PATH = "", HOME = "/tmp" } = process.env;
  const options = { cwd: PROJECT, env: { PATH, HOME, ...env } };
  const [program, before] = byNpm
    ? ["npm", ["run", "--silent", script, "--"]]
    : [process.execPath, programArguments(scripts[script].replace(/^tsx /, ""))];
  return promisify(execFile)(program, [...before, ...args], options).then(
    (said) => ({ code: 0, ...said }),
    (error: Said) => error,
  );
}
