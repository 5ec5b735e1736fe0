import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GUARDS, type Guard } from "./guards";

const ROOT = join(__dirname, "../..");
const AT_ONCE = 2;
/** All by `npm run guards`; in the suite one in six of those whose tests need no database, and one in twenty of the others. */
const PLAYED = process.env.GUARDS === "all" ? GUARDS : [...some(quick(), 6), ...some(others(), 20)];

function some(guards: readonly Guard[], oneIn: number): Guard[] {
  return guards.filter((_, index) => index % oneIn === 0);
}

function quick(): Guard[] {
  return GUARDS.filter(({ suite }) => suite.startsWith("test/unit/"));
}

function others(): Guard[] {
  return GUARDS.filter(({ suite }) => !suite.startsWith("test/unit/"));
}

interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** What each that failed tells. */
  readonly told: readonly string[];
  /** What made a whole suite fail before its tests. */
  readonly broken: readonly string[];
}

/** A test in jest's own report. */
interface Assertion {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages: readonly string[];
}

let folder: string;
const outcomes = new Map<string, Outcome>();
let control: Outcome;

/** Runs some tests in a jest of their own, on the servers of this run, with a patch where one is given. */
async function run(name: string, suites: readonly string[], tests: string, patch: object | null): Promise<Outcome> {
  const output = join(folder, `${name.replace(/\W+/g, "-")}.json`);
  const args = [
    "node_modules/jest/bin/jest.js",
    "--config",
    join(folder, "jest.config.json"),
    "--runInBand",
    "--silent",
  ];
  const env = { ...process.env, GUARD_PATCH: patch ? JSON.stringify(patch) : "" };
  const ended = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [...args, "--json", "--outputFile", output, "-t", tests, "--runTestsByPath", ...suites],
      { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 },
      (_error, _stdout, stderr) => resolve(stderr),
    );
  });
  const text = await readFile(output, "utf8").catch(() => {
    throw new Error(`the run "${name}" told nothing:\n${ended.slice(-2_000)}`);
  });
  const report = JSON.parse(text) as {
    testResults: { message: string; assertionResults: Assertion[] }[];
  };
  const results = report.testResults.flatMap((file) => file.assertionResults);
  const named = (status: string) => results.filter((one) => one.status === status).map((one) => one.fullName);
  const broken = report.testResults.filter((file) => file.assertionResults.length === 0).map((file) => file.message);
  const told = results.flatMap(({ fullName, failureMessages }) => failureMessages.map((why) => `${fullName}: ${why}`));
  return { passed: named("passed"), failed: named("failed"), told, broken };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-guards-"));
  const base = require("../../jest.config.js") as object;
  const config = {
    ...base,
    rootDir: ROOT,
    globalSetup: undefined,
    globalTeardown: undefined,
    transform: { "^.+\\.[jt]s$": join(__dirname, "patching-transform.js") },
  };
  await writeFile(join(folder, "jest.config.json"), JSON.stringify(config));
  const suites = [...new Set(PLAYED.map((guard) => guard.suite))];
  const runs = PLAYED.map((guard) => async () => {
    const { file, find, replace } = guard;
    outcomes.set(guard.name, await run(guard.name, [guard.suite], guard.tests, { file, find, replace }));
  });
  runs.unshift(async () => {
    control = await run("control", suites, [...new Set(PLAYED.map((guard) => guard.tests))].join("|"), null);
  });
  const worker = async () => {
    for (let next = runs.shift(); next; next = runs.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("with every guard in place the chosen tests pass", () => {
  expect(control.broken).toEqual([]);
  expect(control.told).toEqual([]);
  expect(control.failed).toEqual([]);
  for (const { name, tests } of PLAYED) {
    expect([name, control.passed.some((each) => new RegExp(tests).test(each))]).toEqual([name, true]);
  }
});

test.each(PLAYED)("without it the tests fail: $name", ({ name, tests }: Guard) => {
  const { passed, failed, broken } = outcomes.get(name)!;
  expect(broken).toEqual([]);
  expect(passed).toEqual([]);
  expect(failed.length).toBeGreaterThan(0);
  for (const each of failed) expect(each).toMatch(new RegExp(tests));
});
