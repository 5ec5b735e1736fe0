import type { Guard } from "./guards";

const CACHE = "src/http/answer-cache.ts";
const KEPT = "test/unit/http/answer-cache.test.ts";
const HELD = "src/services/reading/known-cells.ts";
const CELLS = "test/unit/services/known-cells.test.ts";

/** The guards of kept answers, of what is printed once, and of cells that a process holds. */
export const ANSWER_GUARDS: readonly Guard[] = [
  {
    name: "person in the key of a kept answer",
    file: CACHE,
    find: "function keyOf({ personId, type, text }: Question)",
    replace: 'function keyOf({ type, text }: Question, personId = "")',
    suite: KEPT,
    tests: "kept side by side",
  },
  {
    name: "owner in a kept answer",
    file: CACHE,
    find: "answer.personId === personId &&",
    replace: "",
    suite: KEPT,
    tests: "names another owner",
  },
  {
    name: "version in a kept answer",
    file: CACHE,
    find: "answer.version === version &&",
    replace: "version !== null &&",
    suite: KEPT,
    tests: "another version",
  },
  {
    name: "build in a kept answer",
    file: CACHE,
    find: "answer.build === this.parts.build &&",
    replace: "",
    suite: KEPT,
    tests: "another build",
  },
  {
    name: "end of a kept answer",
    file: CACHE,
    find: "this.parts.now() < answer.until",
    replace: "true",
    suite: KEPT,
    tests: "(from its end on|that is over)",
  },
  {
    name: "question in a shared answer",
    file: CACHE,
    find: " || of !== digest(key)) return null;",
    replace: ") return null;",
    suite: KEPT,
    tests: "names another question",
  },
  {
    name: "digest of a shared answer",
    file: CACHE,
    find: "if (etag !== ",
    replace: "if (etag === null && etag !== ",
    suite: KEPT,
    tests: "names other bytes",
  },
  {
    name: "no answer is kept with a clock in it",
    file: "schema/kept.ts",
    find: 'field.extensions["kept"] === true',
    replace: "true",
    suite: "test/integration/http-kept-answers.test.ts",
    tests: "lastSyncedAt keeps an answer",
  },
  {
    name: "what decides a printed record",
    file: "src/http/printing.ts",
    find: 'own: own && field.extensions["own"] === true',
    replace: "own: own",
    suite: "test/unit/http/printing.test.ts",
    tests: "may be otherwise next time",
  },
  {
    name: "owner of a held cell",
    file: HELD,
    find: "one.personId === other.personId &&",
    replace: "",
    suite: CELLS,
    tests: "another person",
  },
  {
    name: "version of a held cell",
    file: HELD,
    find: "one.version === other.version &&",
    replace: "",
    suite: CELLS,
    tests: "another data version",
  },
  {
    name: "age of a held cell",
    file: HELD,
    find: "const days = cache ? sheet.lacking() : [];",
    replace: "const days = cache && sheet.cells.size === 0 ? sheet.lacking() : [];",
    suite: CELLS,
    tests: "not as new as required",
  },
];
