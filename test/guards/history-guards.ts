import type { Guard } from "./guards";

const BACKFILL = "src/services/backfill/backfill.ts";
const RESUMING = "src/services/fetching/resuming.ts";
const FAULTS = "test/integration/backfill-faults.test.ts";
const ACCOUNTS = "test/integration/backfill-accounts.test.ts";

/** The guards of history and of nights. */
export const HISTORY_GUARDS: readonly Guard[] = [
  {
    name: "pages that are kept are not asked again",
    file: RESUMING,
    find: "if (known.has(cursor)) return known.get(cursor);",
    replace: "",
    suite: FAULTS,
    tests: "goes on at the very page",
  },
  {
    name: "pages of another linking are not gone on with",
    file: "src/db/repositories/kept-pages.ts",
    find: "AND last_day = $5 AND grant_number = $6",
    replace: "AND last_day = $5 AND $6::int IS NOT NULL",
    suite: FAULTS,
    tests: "linked again are not gone on with",
  },
  {
    name: "a process that stops asks for no further page",
    file: RESUMING,
    find: "if (task.signal?.aborted) throw",
    replace: "if (false as boolean) throw",
    suite: ACCOUNTS,
    tests: "leaves between two pages",
  },
  {
    name: "a refused grant ends its history",
    file: BACKFILL,
    find: "if (hindrance) return this.end(found, hindrance);",
    replace: "",
    suite: ACCOUNTS,
    tests: "(was refused meanwhile ends without asking|of what a new linking leaves out ends)",
  },
  {
    name: "an old day that was seen in progress is not known",
    file: BACKFILL,
    find: "const checkedSince = day < seenTo ? dayEnd(day, offsetMinutes, endpoint.dayEndsAtHour ?? 24) : 0;",
    replace: "const checkedSince = 0;",
    suite: ACCOUNTS,
    tests: "looked at while it lasted",
  },
  {
    name: "a run that is over is not done again",
    file: "src/services/sync-runs.ts",
    find: "if (begun.finished) return;",
    replace: "",
    suite: "test/integration/reconciling.test.ts",
    tests: "done again the run stays as it is",
  },
];
