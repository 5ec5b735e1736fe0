import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Provider } from "../../../providers/contract";
import { rules } from "../../providers/rules";
import { loadSubject } from "../../providers/subject";
import { withTree } from "../../support/seeded-tree";
import { layOut } from "../../tools/new-provider";

const ROOT = join(__dirname, "../../..");
const registry = `import type { Provider } from "./contract";

/** Every wearable. */
export const providers: readonly Provider[] = [];
`;
const inTree = <T>(use: (root: string) => T, text = registry) => withTree({ "providers/registry.ts": text }, use);
const read = (root: string, path: string) => readFileSync(join(root, path), "utf8");

test("a folder with every file, and a line in the registry", async () => {
  await inTree((root) => {
    const written = layOut(root, "acme_band");
    expect(written.every((path) => existsSync(join(root, path)))).toBe(true);
    expect(readdirSync(join(root, "providers/acme_band")).sort()).toEqual([
      ...["README.md", "endpoints.ts", "fixtures", "index.ts", "mapping.ts", "synthetic.ts", "wire.ts"],
    ]);
    expect(read(root, "providers/registry.ts")).toContain('import { acmeBand } from "./acme_band";\n');
    layOut(root, "zeta");
    expect(read(root, "providers/registry.ts")).toBe(`import { acmeBand } from "./acme_band";
import type { Provider } from "./contract";
import { zeta } from "./zeta";

/** Every wearable. */
export const providers: readonly Provider[] = [acmeBand, zeta];
`);
  });
});

test("the registry of this project takes a line more", async () => {
  const own = read(ROOT, "providers/registry.ts");
  await inTree((root) => {
    layOut(root, "acme");
    const text = read(root, "providers/registry.ts");
    expect(text).not.toBe(own);
    expect(text.replace('import { acme } from "./acme";\n', "").replace(", acme];", "];")).toBe(own);
  }, own);
});

test.each(["", "Acme", "1acme", "acme-band", "../acme", "contract"])(
  "the slug %j is refused, nothing is written",
  async (slug) => {
    await inTree((root) => {
      expect(() => layOut(root, slug)).toThrow(RangeError);
      expect(readdirSync(join(root, "providers"))).toEqual(["registry.ts"]);
      expect(read(root, "providers/registry.ts")).toBe(registry);
    });
  },
);

test("a folder that is there, and a registry in another form, are left as they are", async () => {
  await inTree((root) => {
    layOut(root, "acme");
    const before = read(root, "providers/registry.ts");
    expect(() => layOut(root, "acme")).toThrow("providers/acme is taken");
    expect(read(root, "providers/registry.ts")).toBe(before);
  });
  await inTree((root) => {
    expect(() => layOut(root, "acme")).toThrow("usual form");
    expect(readdirSync(join(root, "providers"))).toEqual(["registry.ts"]);
  }, "export const providers = new Map();\n");
});

test("the conformance suite runs on it and says what is missing", async () => {
  await inTree((root) => {
    layOut(root, "acme");
    for (const path of ["providers/contract", "src/domain"])
      cpSync(join(ROOT, path), join(root, path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    const { providers }: { providers: readonly Provider[] } = require(join(root, "providers/registry"));
    const subject = loadSubject("acme", providers, join(root, "providers"));
    const found = new Map(rules.map(({ number, check }) => [number, check(subject)]));
    expect([1, 2, 3, 14].flatMap((number) => found.get(number))).toEqual([]);
    expect(found.get(4)).toEqual(["good", "empty", "bad"].map((kind) => `sleep has no ${kind}-*.json`));
    expect(found.get(15)).toContain("fixtures/oauth/good-authorize.json is missing");
    expect(found.get(17)).toContain("sleep: no records");
    expect(found.get(18)).toEqual(["SLEEP: 0.0 % complete"]);
    expect([16, 19, 22].filter((number) => found.get(number)?.length === 0)).toEqual([]);
  });
});
