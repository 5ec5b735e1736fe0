import { ANSWER_GUARDS } from "./answer-guards";
import { BUDGET_GUARDS } from "./budget-guards";
import { HISTORY_GUARDS } from "./history-guards";
import { JOBS_GUARDS } from "./jobs-guards";
import { OUTGOING_GUARDS } from "./outgoing-guards";
import { STORAGE_GUARDS } from "./storage-guards";
import { WEBHOOK_GUARDS } from "./webhook-guards";

/** A guard: how to take it away (a patch of one place in one file), and which tests must then fail. */
export interface Guard {
  readonly name: string;
  readonly file: string;
  /** Text that the file holds exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test file, and a pattern of the names of the tests that must notice, each of them. */
  readonly suite: string;
  readonly tests: string;
}

const CELLS = "src/services/reading/cells.ts";
const COMMITTING = "src/db/repositories/commit";
const MARKS = "const written = unwrap<WrittenCell>(text, [personId, accountId, version, build]);";
const BELIEVED = { suite: "test/integration/cache-cells.test.ts", tests: "or build is never believed" };

const KEYS = "src/services/keys.ts";
const REACH = "src/loaders/reach.ts";
const VERIFYING = "test/unit/services/keys.test.ts";
const ASKING = "test/integration/http-server-keys.test.ts";

const KEEPER = "src/services/subscriptions/keeper.ts";
const KEEPING = "test/integration/webhook-subscriptions.test.ts";

/** Believes whatever a cell says at a place of its marks. */
function unmarked(index: number): string {
  const marks = ["personId", "accountId", "version", "build"];
  marks[index] = `(text ?? "").startsWith("[") ? JSON.parse(text as string)[${index}] : ""`;
  return `const written = unwrap<WrittenCell>(text, [${marks.join(", ")}]);`;
}

/** The guards of tokens, of the way of a read, of server keys, of jobs, of webhooks, of budgets, of history and of nights. */
export const GUARDS: readonly Guard[] = [
  {
    name: "row lock around a refresh",
    file: "src/db/repositories/grants.ts",
    find: "SELECT 1 FROM grants WHERE person_id = $1 AND account_id = $2 FOR UPDATE",
    replace: "SELECT 1 FROM grants WHERE person_id = $1 AND account_id = $2",
    suite: "test/guards/refresh-lock.test.ts",
    tests: "by one call to the provider",
  },
  { name: "owner in the cell", file: CELLS, find: MARKS, replace: unmarked(0), ...BELIEVED },
  { name: "account in the cell", file: CELLS, find: MARKS, replace: unmarked(1), ...BELIEVED },
  { name: "version in the cell", file: CELLS, find: MARKS, replace: unmarked(2), ...BELIEVED },
  { name: "build in the cell", file: CELLS, find: MARKS, replace: unmarked(3), ...BELIEVED },
  {
    name: "whole answers only: a failed page fails the fetch",
    file: "src/services/fetching/pages.ts",
    find: "const page = readPage(endpoint, await ask(window, cursor));",
    replace:
      "let page; try { page = readPage(endpoint, await ask(window, cursor)); } catch { return { documents, setAside, pages }; }",
    suite: "test/integration/reading-faults.test.ts",
    tests: "(truncated JSON|HTML|500 for ever|null) on a further page",
  },
  {
    name: "an end to cursors that repeat",
    file: "src/services/fetching/pages.ts",
    find: "if (seen.has(page.cursor)) {",
    replace: "if (seen.size > 1_000) {",
    suite: "test/integration/reading-faults.test.ts",
    tests: "cursor that repeats",
  },
  {
    name: "commit before answer",
    file: "src/services/fetching/fetch-stretch.ts",
    find: "const committed = await this.parts.store.commit(fetched);",
    replace:
      'const committed = { version: "0" }; setTimeout(() => void this.parts.store.commit(fetched).catch(() => undefined), 300);',
    suite: "test/integration/reading-calls.test.ts",
    tests: "cold: one request per endpoint",
  },
  {
    name: "day filter on what is kept",
    file: `${COMMITTING}/records.ts`,
    find: "!stored.has(id) && contains(of.asked, record.day)",
    replace: "!stored.has(id) && (contains(of.asked, record.day) || true)",
    suite: "test/integration/reading-kept.test.ts",
    tests: "in the margin alone",
  },
  {
    name: "day filter on what is deleted",
    file: `${COMMITTING}/records.ts`,
    find: "AND r.day BETWEEN a.first AND a.last AND r.day BETWEEN (SELECT min(d) FROM unnest($5::date[]) AS d) AND (SELECT max(d) FROM unnest($6::date[]) AS d)",
    replace: "AND r.day BETWEEN a.first - 9 AND a.last + 9",
    suite: "test/integration/reading-kept.test.ts",
    tests: "in the margin alone",
  },
  {
    name: "nothing is deleted while a document cannot be read",
    file: `${COMMITTING}/records.ts`,
    find: "answers.filter(({ unread }) => unread.every((one) => one.dayTold))",
    replace: "answers.filter(({ unread }) => unread.length >= 0)",
    suite: "test/integration/reading-faults.test.ts",
    tests: "not taken for deleted, wherever",
  },
  {
    name: "nothing is deleted of a day with a document that cannot be read",
    file: `${COMMITTING}/records.ts`,
    find: "AND (r.endpoint, r.day) NOT IN (SELECT * FROM unnest($8::text[], $9::date[]))",
    replace: "AND $8::text[] IS NOT NULL AND $9::date[] IS NOT NULL",
    suite: "test/integration/reading-faults.test.ts",
    tests: "not taken for deleted on its day",
  },
  {
    name: "fence on erasure, disconnecting and relinking",
    file: `${COMMITTING}/fence.ts`,
    find: "if (account.length === 0)",
    replace: "if (account.length < 0)",
    suite: "test/integration/reading-kept.test.ts",
    tests: "meanwhile (relinked|disconnected)",
  },
  {
    name: "fence on a lost lease",
    file: `${COMMITTING}/fence.ts`,
    find: "if (leases.length < answers.length)",
    replace: "if (leases.length < 0)",
    suite: "test/integration/reading-kept.test.ts",
    tests: "meanwhile (flown for by another process|without its lease)",
  },
  {
    name: "an answer that may not be kept costs no other",
    file: "src/db/repositories/records.ts",
    find: "if (answers.length === 1 || error",
    replace: "if (answers.length > 0 || error",
    suite: "test/integration/reading-together.test.ts",
    tests: "the lease of one was lost",
  },
  {
    name: "a later fetch stands",
    file: `${COMMITTING}/records.ts`,
    find: " AND old.fetch_started_at < n.started_at",
    replace: "",
    suite: "test/integration/reading-kept.test.ts",
    tests: "started earlier never overwrites",
  },
  {
    name: "single flight over processes: the lease",
    file: "src/db/repositories/flights.ts",
    find: "WHERE held.expires_at < clock_timestamp()",
    replace: "WHERE true",
    suite: "test/integration/reading-leases.test.ts",
    tests: "one gets the lease",
  },
  {
    name: "one data version in one answer",
    file: "src/services/reading/read-service.ts",
    find: "if (snapshot.version !== version && sheets",
    replace: "if (snapshot.version === null && sheets",
    suite: "test/integration/reading-kept.test.ts",
    tests: "one answer is of one data version",
  },
  {
    name: "no call while the provider told us to wait",
    file: "src/services/fetching/ask.ts",
    find: "if (until !== null && until > this.parts.now()) {",
    replace: "if (until === -1) {",
    suite: "test/integration/reading-waiting.test.ts",
    tests: "Retry-After as seconds",
  },
  {
    name: "a revoked key is refused",
    file: KEYS,
    find: "found.revokedAt !== null || ",
    replace: "",
    suite: VERIFYING,
    tests: "revocation counts within a minute",
  },
  {
    name: "a kept key expires",
    file: KEYS,
    find: "if (isOver(key)) throw refused();",
    replace: "",
    suite: VERIFYING,
    tests: "expiry counts at its second",
  },
  {
    name: "a person's token names nobody else",
    file: REACH,
    find: "if (userExternalId === null) return caller.person;",
    replace: "if (caller.person) return caller.person;",
    suite: ASKING,
    tests: "is FORBIDDEN with userExternalId",
  },
  {
    name: "a mutation needs the scope write",
    file: REACH,
    find: 'demandScope(caller.key, "write");',
    replace: "",
    suite: ASKING,
    tests: "without the scope write is FORBIDDEN",
  },
  {
    name: "a person reads nobody else's node",
    file: REACH,
    find: "return caller.person.id === id ? caller.person : null;",
    replace: 'return { id, externalId: "" };',
    suite: ASKING,
    tests: "answers nodes of any person there is",
  },
  {
    name: "comparison of the verification token",
    file: "src/services/subscriptions/verification.ts",
    find: "isSame(presented, tokenUnder(key, provider))",
    replace: 'tokenUnder(key, provider) !== ""',
    suite: "test/unit/services/verification.test.ts",
    tests: "wrong verification token is refused",
  },
  {
    name: "subscriptions of another deployment are not ours",
    file: "src/services/subscriptions/plan.ts",
    find: "known.callbackUrls.has(callbackUrl)",
    replace: 'new URL(callbackUrl).pathname === "/webhooks/oura"',
    suite: "test/integration/webhook-subscriptions-vendor.test.ts",
    tests: "another deployment of the gateway made",
  },
  {
    name: "an address is kept before a subscription is made with it",
    file: KEEPER,
    find: "if (!current) await store.asking(slug, topic, callback.url);",
    replace: "",
    suite: KEEPING,
    tests: "between making one and keeping it in mind",
  },
  {
    name: "one process at a time keeps subscriptions",
    file: KEEPER,
    find: "if (!isOurs) throw new Postponed(",
    replace: "if (isOurs === null) throw new Postponed(",
    suite: KEEPING,
    tests: "two processes at once make each subscription once",
  },
  ...OUTGOING_GUARDS,
  ...STORAGE_GUARDS,
  ...WEBHOOK_GUARDS,
  ...ANSWER_GUARDS,
  ...BUDGET_GUARDS,
  ...JOBS_GUARDS,
  ...HISTORY_GUARDS,
  {
    name: "a transaction whose session was lost is told as the database out of reach",
    file: "src/db/outage.ts",
    find: "if (GONE.some((gone) => error instanceof gone)) return true;",
    replace: "",
    suite: "test/integration/lost-sessions.test.ts",
    tests: "whose session is lost",
  },
];
