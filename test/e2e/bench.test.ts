import { CASES } from "../bench/cases";
import { SCALES } from "../bench/options";
import { run } from "../bench/run";
import { ownStores } from "../bench/world";

/** The others take longer than a test should; `npm run bench -- --quick` plays them all. */
const PLAYED = ["warm", "executed", "cold-pg", "cold-provider", "ingest", "connections"];

describe("the benchmark", () => {
  it("plays its shorter cases beside bare node:http with right answers, in small", async () => {
    const stores = await ownStores();
    const lines: string[] = [];
    try {
      const options = { scale: SCALES.smoke, executors: [], peersMissing: "not part of the tests" };
      const { cases } = await run(stores, options, PLAYED, (line) => lines.push(line));
      expect(Object.keys(cases)).toEqual(Object.keys(CASES).filter((name) => PLAYED.includes(name)));
      expect(Object.keys(cases)).toHaveLength(PLAYED.length);
      for (const { figures } of Object.values(cases)) {
        for (const { contestant, failures, firstFailure, answers, checked } of figures) {
          expect({ contestant, failures, firstFailure }).toEqual({ contestant, failures: 0, firstFailure: null });
          // On a busy machine a second may pass without an answer.
          expect(checked).toBeGreaterThanOrEqual(Math.min(1, answers));
        }
      }
      expect(cases["warm"]?.figures.map(({ contestant }) => contestant)).toEqual(["gateway", "bare node:http"]);
    } finally {
      await stores.close();
      console.info(lines.join("\n"));
    }
  }, 300_000);
});
