import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "graphql";
import { LIMITS } from "../../schema/limits";
import { ERROR_CODES } from "../../src/domain/errors";
import { STATUS_OF } from "../../src/http/answers";
import { MAX_RANGE_DAYS } from "../../src/loaders/question";

const root = join(__dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const readme = read("README.md");

/** The text below a heading of the second level, up to the next. */
function section(heading: string): string {
  const found = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`expected a section "${heading}" in README.md`);
  return found;
}

/** Rows of every table in a text: the name in backticks in the first cell, and the other cells. */
function rows(text: string): Map<string, string[]> {
  const found = [...text.matchAll(/^\| `([A-Za-z_]+)` \|(.*)\|$/gm)];
  return new Map(found.map(([, name, rest]) => [name!, rest!.split(" | ").map((cell) => cell.trim())]));
}

/** The rows of the table that follows a text. */
function tableAfter(text: string): string[] {
  const [table = ""] = readme.slice(readme.indexOf(text)).match(/^\|[\s\S]*?\n(?!\|)/m) ?? [];
  return [...rows(table).keys()].sort();
}

/** Values of an enum in the printed schema. */
function enumValues(name: string): string[] {
  const enumType = parse(read("schema/schema.graphql")).definitions.find(
    (one) => one.kind === "EnumTypeDefinition" && one.name.value === name,
  );
  if (enumType?.kind !== "EnumTypeDefinition") throw new Error(`expected an enum ${name} in the schema`);
  return (enumType.values ?? []).map((value) => value.name.value).sort();
}

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

test("the settings table names every setting of .env.example, and no other", () => {
  const settings = [...read(".env.example").matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
  expect(settings.length).toBeGreaterThan(20);
  expect([...rows(section("Settings")).keys()].sort()).toEqual(settings.sort());
});

test("the error catalogue has every code with its status", () => {
  const catalogue = rows(section("Errors"));
  for (const [code, status] of Object.entries(STATUS_OF)) {
    expect([code, catalogue.get(code)?.[0]?.slice(0, 3)]).toEqual([code, String(status)]);
  }
  expect(tableAfter("**`errors[].extensions.code`**")).toEqual(Object.keys(ERROR_CODES).sort());
});

test.each([
  ["**`userErrors[].code`**", "UserErrorCode"],
  ["**`issues[].code`**", "IssueCode"],
  ["**`absences[].reason`**", "AbsenceReason"],
])("the table after %s has every value of %s", (text, name) => {
  expect(tableAfter(text)).toEqual(enumValues(name));
});

test("the published limits are those in force", () => {
  const limits = section("Limits");
  expect(limits).toContain(`| days of a range | ${MAX_RANGE_DAYS},`);
  expect(limits).toContain(`| depth of fields | ${LIMITS.depth} (introspection ${LIMITS.introspectionDepth}) |`);
  expect(limits).toContain(`| ${LIMITS.aliases}, ${LIMITS.directives}, ${LIMITS.tokens} |`);
  expect(limits).toContain(`| cost of an operation | ${LIMITS.cost}:`);
});

test.each(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])("links of %s lead somewhere", (file) => {
  const text = read(file);
  const links = [...text.matchAll(/\]\(((?!https?:)[^)\s]+)\)/g)].map(([, target]) => target!);
  const dead = links.filter((link) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(join(root, target))) return true;
    if (anchor === undefined) return false;
    return ![...read(target).matchAll(/^#+ (.+)$/gm)].some(([, heading]) => anchorOf(heading!) === anchor);
  });
  expect(dead).toEqual([]);
});

test("the README links inside itself and to other files", () => {
  expect(readme).toMatch(/\]\(#[a-z-]+\)/);
  expect(readme).toMatch(/\]\(CONTRIBUTING\.md#adding-a-wearable\)/);
});
