/**
 * Lets Node run the project's TypeScript: `node -r ./src/typescript.cjs src/main.ts`. All files that the program consists of are compiled
 * at once, into memory, when it starts. tsx, which runs the scripts, gives every function its name by defineProperty whenever one is
 * made, and V8 leaves classes that were named so out of its optimised code: a program that runs for long does without.
 */
const { readFileSync, realpathSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { buildSync, transformSync } = require("esbuild");

const ROOT = resolve(__dirname, "..");
const OPTIONS = { platform: "node", format: "cjs", target: "node20.19", sourcemap: "inline", sourcesContent: false };

/** The files that a program imports, itself included, by what it says and not by running it. */
function filesOf(program) {
  const { metafile } = buildSync({
    ...{ entryPoints: [program], bundle: true, packages: "external", platform: "node", absWorkingDir: ROOT },
    ...{ write: false, metafile: true, logLevel: "error" },
  });
  return Object.keys(metafile.inputs).filter((file) => file.endsWith(".ts"));
}

/** JavaScript by the path of the file that it was made of. */
function compiled(files) {
  const { outputFiles } = buildSync({
    ...{ ...OPTIONS, entryPoints: files, absWorkingDir: ROOT, outbase: ROOT, outdir: ROOT, write: false },
  });
  return new Map(outputFiles.map(({ path, text }) => [path.replace(/\.js$/, ".ts"), text]));
}

const code = compiled(filesOf(realpathSync(process.argv[1])));

process.setSourceMapsEnabled(true);
require.extensions[".ts"] = (module, file) => {
  module._compile(code.get(file) ?? alone(file), file);
  code.delete(file);
};

/** A file that is named only while the program runs. */
function alone(file) {
  const tsconfigRaw = readFileSync(join(ROOT, "tsconfig.json"), "utf8");
  return transformSync(readFileSync(file, "utf8"), { ...OPTIONS, loader: "ts", sourcefile: file, tsconfigRaw }).code;
}
