import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type GatewayProcess, PROJECT, startGateway, stopAll } from "../support/gateway-process";
import { type FreshDatabase, freshDatabase } from "../support/services";

const run = promisify(execFile);
const README = join(PROJECT, "README.md");
const [BEGIN, END] = ["<!-- walk-through -->", "<!-- /walk-through -->"];

/** The shell commands between the markers, in order. */
function walkThrough(): string[] {
  const text = readFileSync(README, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md has no walk-through between ${BEGIN} and ${END}`);
  const blocks = [...text.slice(from, to).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands = ""]) => commands);
  if (blocks.length === 0) throw new Error("the walk-through in README.md has no ```sh block");
  return blocks;
}

let database: FreshDatabase | undefined;
let gateway: GatewayProcess | undefined;
afterAll(async () => {
  await stopAll(gateway);
  await database?.drop();
});

test("the README's walk-through does what it says, command by command", async () => {
  // What starts the gateway is run by this test in its own way.
  const blocks = walkThrough().filter((block) => !/^\s*(git clone|npm (install|ci|start))/m.test(block));
  database = await freshDatabase();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  // One shell for all blocks: later ones may use what earlier ones set.
  const script = blocks.map((block, index) => `echo "=== block ${index + 1}"\n${block}`).join("\n");
  const { stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", script], {
    cwd: PROJECT,
    timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, GATEWAY: gateway.url },
  }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  process.stdout.write(`${stdout}\n`);
  expect(stdout).not.toMatch(/"errors"\s*:\s*\[\s*\{|UNAUTHENTICATED|command not found/);
  expect(stderr).not.toMatch(/command not found|syntax error|No such file/);
  for (const metric of ["sleep", "readiness", "activity", "hrv"])
    expect(stdout).toMatch(new RegExp(`"${metric}"\\s*:`));
  // Not only the words: days with numbers in them, of an account that was linked on the way.
  expect(stdout).toMatch(/"day"\s*:\s*"\d{4}-\d\d-\d\d"/);
  expect(stdout).toMatch(/"score"\s*:\s*\d+/);
  const { data } = await gateway.graphql("{ viewer { accounts { provider status } } }");
  expect(data.viewer.accounts).toMatchObject([{ provider: "OURA", status: "ACTIVE" }]);
}, 120_000);
