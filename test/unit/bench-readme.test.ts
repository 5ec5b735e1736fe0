import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { quoted, standing } from "../bench/readme";
import type { Results } from "../bench/report";

const FILE = join(__dirname, "../bench/results.json");

test("the README quotes the last whole run of the benchmark", () => {
  const expected = existsSync(FILE) ? quoted(JSON.parse(readFileSync(FILE, "utf8")) as Results) : "";
  expect(standing()).toBe(expected);
});
