import type { Guard } from "./guards";

/** The guards of how records and changes are stored. */
export const STORAGE_GUARDS: readonly Guard[] = [
  {
    name: "a record on another day is a change, though its text is the same",
    file: "src/db/repositories/commit/records.ts",
    find: " OR old.day <> n.day",
    replace: "",
    suite: "test/integration/reading-packed.test.ts",
    tests: "moves to another day",
  },
  {
    name: "raw documents as they came",
    file: "src/services/fetching/pages.ts",
    find: "raw: textOf(read.raw)",
    replace: "raw: JSON.stringify(read.raw)",
    suite: "test/integration/raw-documents.test.ts",
    tests: "kept as (it|they) came",
  },
  {
    name: "records that say the same are the same text",
    file: "src/db/record-text.ts",
    find: "packRecord(inOrder(record))",
    replace: "packRecord(record)",
    suite: "test/unit/db/record-text.test.ts",
    tests: "are the same text",
  },
  {
    name: "reads wait for no change, and no change for reads",
    file: "src/db/database.ts",
    find: "new ReadLines(pools.reads",
    replace: "new ReadLines(pools.api",
    suite: "test/integration/database-alone.test.ts",
    tests: "reads go on while every change waits",
  },
  {
    name: "no read stands behind a long one while others are answered",
    file: "src/db/read-lines.ts",
    find: "line.long = line.owed > 0 && !line.moved;",
    replace: "line.long = false;",
    suite: "test/integration/database-alone.test.ts",
    tests: "none stands behind a long one",
  },
  {
    name: "a read whose session is ended is sent once more",
    file: "src/db/read-lines.ts",
    find: "if (again && isSessionEnd(error))",
    replace: "if (!again && isSessionEnd(error))",
    suite: "test/integration/database-alone.test.ts",
    tests: "sent once more",
  },
  {
    name: "a cursor within a commit goes on within it",
    file: "src/db/repositories/change-entries.ts",
    find: "OR e.ordinal > $3::int",
    replace: "OR $3::int < 0",
    suite: "test/integration/compact-rows.test.ts",
    tests: "under the cursors of before",
  },
];
