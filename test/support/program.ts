import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { type Options, transform } from "@swc/core";

const PROJECT = resolve(__dirname, "../..");
/** The program, and what tests start beside it. */
const FOLDERS = ["src", "providers", "schema", "test/bench", "test/faults", "test/support"];
const PACKAGES = ["node_modules", "test/bench/node_modules"];

/**
 * What Node is told to run a TypeScript file of the project, given from the project's folder: the test run's build of it where there
 * is one, for compiling it spends half a second of a processor at every start; else the file itself, as users do.
 */
export function programArguments(file: string): string[] {
  const build = process.env.GATEWAY_TEST_BUILD;
  if (!build) return ["-r", join(PROJECT, "src/typescript.cjs"), join(PROJECT, file)];
  return [join(build, file.replace(/\.ts$/, ".js"))];
}

/** Builds into `directory`, file by file, as tsx does: no metadata of decorators, no look at types. */
export async function buildPrograms(directory: string): Promise<void> {
  const files = (await Promise.all(FOLDERS.map((folder) => sources(join(PROJECT, folder))))).flat();
  await Promise.all(files.map((file) => build(file, join(directory, relative(PROJECT, file)))));
  for (const name of PACKAGES) {
    if (existsSync(join(PROJECT, name))) await symlink(join(PROJECT, name), join(directory, name));
  }
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
    });
  return (await Promise.all(found)).flat();
}

async function build(file: string, target: string): Promise<void> {
  const { code } = await transform(await readFile(file, "utf8"), { ...settings(), filename: file });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target.replace(/\.ts$/, ".js"), code);
}

function settings(): Options {
  const { jsc, ...others } = require("./swc.json") as Options;
  const transforms = { ...jsc?.transform, decoratorMetadata: false };
  return { ...others, jsc: { ...jsc, transform: transforms }, sourceMaps: false, swcrc: false, configFile: false };
}
