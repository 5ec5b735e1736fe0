const { existsSync } = require("node:fs");
const { join, relative, sep } = require("node:path");
const Sequencer = require("@jest/test-sequencer").default;

const TESTS = join(__dirname, "..");
/** What takes longest, for begun last it would run alone; what mostly waits and what mostly computes by turns, for they run side by side. */
const LONGEST = require("./longest.json");

/** Runs the longest test files first, also where no earlier run is known; the others as jest does. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const gone = LONGEST.filter((name) => !existsSync(join(TESTS, name)));
    if (gone.length > 0) throw new Error(`test/support/longest.json names what is not there: ${gone.join(", ")}`);
    const place = ({ path }) => {
      const found = LONGEST.indexOf(relative(TESTS, path).split(sep).join("/"));
      return found < 0 ? LONGEST.length : found;
    };
    return super.sort(tests).toSorted((a, b) => place(a) - place(b));
  }
};
