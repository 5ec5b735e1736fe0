import type { Guard } from "./guards";

const CACHE = "src/http/answer-cache.ts";
const KEPT = "test/unit/http/answer-cache.test.ts";
const REMEMBERING = "src/services/reading/remembered.ts";
const REMEMBERED = "test/unit/services/remembered.test.ts";

/** The guards of kept answers, and of what the compiler of operations gets to see. */
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
    name: "bytes of a question asked last",
    file: "src/http/last-keys.ts",
    find: "one.type === type && one.body.equals(body)",
    replace: "one.type === type",
    suite: KEPT,
    tests: "the very bytes they sent",
  },
  {
    name: "media type of a question asked last",
    file: "src/http/last-keys.ts",
    find: "one.type === type && one.body.equals(body)",
    replace: "one.body.equals(body)",
    suite: KEPT,
    tests: "in the type they want",
  },
  {
    name: "person of a question asked last",
    file: "src/http/last-keys.ts",
    find: "this.byPerson.get(personId) ?? []",
    replace: "[...this.byPerson.values()].flat()",
    suite: KEPT,
    tests: "everybody gets their own answer",
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
    name: "callers' values are kept from the compiler",
    file: "src/http/plain-schema.ts",
    find: "const plain = { type: own(field.type) };",
    replace:
      "const plain = { type: own(field.type), args: Object.fromEntries(field.args.map((one) => [one.name, { type: one.type }])) };",
    suite: "test/unit/http/compiled.test.ts",
    tests: "stays a string",
  },
  {
    name: "version of remembered days",
    file: REMEMBERING,
    find: " || shelf.version !== version) return null;",
    replace: ") return null;",
    suite: REMEMBERED,
    tests: "the data have changed",
  },
  {
    name: "time of remembered days",
    file: REMEMBERING,
    find: " || known.freshUntil <= now) return null;",
    replace: ") return null;",
    suite: REMEMBERED,
    tests: "the time is over",
  },
  {
    name: "remembering only what one version is read of",
    file: REMEMBERING,
    find: "if (versions.seen(personId) !== version) return answers;",
    replace: "",
    suite: REMEMBERED,
    tests: "was read while the data changed",
  },
];
