import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scripts } from "../../package.json";

const PROJECT = join(__dirname, "../..");
const COMPILER = join(PROJECT, "src/typescript.cjs");
const PROGRAM = join(PROJECT, "test/support/compiled-program.ts");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gateway-typescript-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the program says of itself, run with a module that it names only while it runs. */
function said(program: string, cwd: string): { readonly [name: string]: unknown } {
  const later = join(folder, "later.ts");
  writeFileSync(later, "const text: string = 'later';\nexport { text as later };\n");
  return JSON.parse(execFileSync(process.execPath, ["-r", COMPILER, program, later], { cwd, encoding: "utf8" }));
}

test.each(["from the project's folder", "from elsewhere", "by a link"])(
  "a program is compiled as it starts, %s",
  (how) => {
    const link = join(folder, "program.ts");
    if (how === "by a link") symlinkSync(PROGRAM, link);
    const result = said(how === "by a link" ? link : PROGRAM, how === "from the project's folder" ? PROJECT : folder);
    expect(result).toMatchObject({
      ...{ field: 1, kept: "field", later: "later" },
      names: ["Decorated", "named", "stackOf"],
    });
  },
);

test("an error tells the line of the TypeScript", () => {
  const line = readFileSync(PROGRAM, "utf8")
    .split("\n")
    .findIndex((text) => text.includes('Error("somewhere")'));
  expect(said(PROGRAM, PROJECT)["stack"]).toMatch(new RegExp(`compiled-program\\.ts:${line + 1}:`));
});

test("a program that cannot be compiled does not start, and the place is named", () => {
  const broken = join(folder, "broken.ts");
  writeFileSync(broken, "const = 1;\n");
  const { status, stderr } = spawnSync(process.execPath, ["-r", COMPILER, broken], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stderr).toContain("broken.ts:1:6");
});

test("`npm start` compiles the gateway so", () => {
  expect(scripts.start).toBe("exec node -r ./src/typescript.cjs src/main.ts");
});
