import type { Guard } from "./guards";

const AUTHENTICITY = "src/services/webhooks/authenticity.ts";
const INTAKE = "src/services/webhooks/intake.ts";
const INBOX = "src/db/repositories/webhook-inbox.ts";
const PROCESSING = "src/services/webhooks/processing.ts";
const JUDGING = "test/unit/services/webhook-authenticity.test.ts";
const TAKING = "test/unit/services/webhook-intake.test.ts";
const WORKING = "test/integration/webhook-processing.test.ts";

const HANDSHAKES = "src/services/subscriptions/verification.ts";
const ASKED = "test/integration/http-handshakes.test.ts";
const KEEPER = "src/services/subscriptions/keeper.ts";
const KEEPING = "test/integration/webhook-subscriptions-vendor.test.ts";

/** The guards of webhooks: whom they believe, that nothing is lost, that nothing is done twice. */
export const WEBHOOK_GUARDS: readonly Guard[] = [
  {
    name: "signature of a webhook",
    file: AUTHENTICITY,
    find: 'if (!isSame(given, sign(signature, secret, time, request.body))) return "forged";',
    replace: "",
    suite: JUDGING,
    tests: "of another (body|time) is forged",
  },
  {
    name: "signature over the raw bytes",
    file: AUTHENTICITY,
    find: "update(time).update(body)",
    replace: 'update(time).update(JSON.stringify(JSON.parse(body.toString("utf8"))))',
    suite: "test/integration/http-webhooks-signatures.test.ts",
    tests: "the same meaning in other bytes \\(a (space|line) more\\)",
  },
  {
    name: "signature as text, not as what it decodes to",
    file: AUTHENTICITY,
    find: "isSame(given, sign(",
    replace: "isSame(given.toUpperCase(), sign(",
    suite: "test/integration/http-webhooks-signatures.test.ts",
    tests: "lower case where upper is signed",
  },
  {
    name: "five minutes around the signed time",
    file: AUTHENTICITY,
    find: "return Math.abs(now - seconds) <= TOLERANCE_SECONDS;",
    replace: "return seconds >= 0;",
    suite: JUDGING,
    tests: "a time -?301 seconds away is stale",
  },
  {
    name: "a signed time is a number of seconds or milliseconds",
    file: AUTHENTICITY,
    find: "if (!/^\\d{1,15}$/.test(text)) return false;",
    replace: "",
    suite: JUDGING,
    tests: '"( 1800000000|1800000000\\.0|0x6b49d200)" is no time',
  },
  {
    name: "no secret, no webhooks",
    file: INTAKE,
    find: 'if (secret === null) return "no-secret";',
    replace: 'if (secret === null) return "kept";',
    suite: TAKING,
    tests: "without a secret nothing is taken",
  },
  {
    name: "the secret at the end of an unsigned vendor's address",
    file: INTAKE,
    find: "pathSecret !== null && isSame(pathSecret, secret)",
    replace: "pathSecret !== null",
    suite: "test/integration/http-webhooks-signatures.test.ts",
    tests: "withings with another secret in the path",
  },
  {
    name: "kept before it is acknowledged",
    file: INTAKE,
    find: "await this.batches.add(this.eventsOf(sender.provider, delivery));",
    replace: "void this.batches.add(this.eventsOf(sender.provider, delivery)).catch(() => undefined);",
    suite: TAKING,
    tests: "nothing is acknowledged before it is kept|what cannot be kept is not acknowledged",
  },
  {
    name: "an event counts once",
    file: INBOX,
    find: "WHERE (excluded.event->>'repeats')::boolean",
    replace: "WHERE true",
    suite: WORKING,
    tests: "comes again after it was worked off does nothing",
  },
  {
    name: "only what has not come again since is marked as worked off",
    file: INBOX,
    find: `AND i.received_at = n."receivedAt" AND i.done_at IS NULL`,
    replace: "AND i.done_at IS NULL",
    suite: WORKING,
    tests: "comes while an earlier one is being read is not lost",
  },
  {
    name: "a job beside another run comes back",
    file: PROCESSING,
    find: 'throw new Postponed(parts.now() + SHORTEST_PAUSE, "another run is at it");',
    replace: "return;",
    suite: WORKING,
    tests: "finds another at the same user's events comes back",
  },
  {
    name: "days that are known are read again when an event tells of them",
    file: "src/services/webhooks/refreshing.ts",
    find: "checkedSince: receivedSeconds,",
    replace: "checkedSince: 0,",
    suite: WORKING,
    tests: "a deletion becomes a tombstone",
  },
  {
    name: "at most 256 KB",
    file: "src/http/webhooks.ts",
    find: "bodyLimit: MAX_WEBHOOK_BYTES }",
    replace: "bodyLimit: 1_000_000_000 }",
    suite: "test/integration/http-webhooks-bodies.test.ts",
    tests: "256 KB are taken, a byte more is refused",
  },
  {
    name: "a handshake is only for who knows the token",
    file: HANDSHAKES,
    find: "!isKnown(only(handshake.token)) || ",
    replace: "",
    suite: ASKED,
    tests: "(a wrong verify_token|an empty verify_token): 403|a wrong one: 404|none: 404",
  },
  {
    name: "fixed parameters of a handshake",
    file: HANDSHAKES,
    find: "!isEchoable || !fixed",
    replace: "!isEchoable",
    suite: ASKED,
    tests: "another mode: 403|without hub.mode: 403",
  },
  {
    name: "no secret, no handshake",
    file: HANDSHAKES,
    find: "if (webhookSecret === null) return null;",
    replace: "",
    suite: ASKED,
    tests: "nothing is set to verify notices or the handshake with",
  },
  {
    name: "a challenge of limited length",
    file: HANDSHAKES,
    find: " && challenge.length <= MAX_CHALLENGE",
    replace: "",
    suite: ASKED,
    tests: "a challenge of more than 1,024 characters: 403",
  },
  {
    name: "a challenge is repeated as JSON",
    file: "src/http/webhook-handshake.ts",
    find: '.type("application/json; charset=utf-8")',
    replace: '.type("text/html; charset=utf-8")',
    suite: ASKED,
    tests: "is repeated as JSON that no browser takes for a page|nothing is repeated",
  },
  {
    name: "a topic out of order keeps no other from its subscription",
    file: KEEPER,
    find: "outages < OUTAGES",
    replace: "outages < 1",
    suite: KEEPING,
    tests: "out of order (once|twice in a row): the other subscriptions are made",
  },
  {
    name: "a vendor that is down is not asked for every topic",
    file: KEEPER,
    find: "outages < OUTAGES",
    replace: "outages < Number.POSITIVE_INFINITY",
    suite: KEEPING,
    tests: "down in the middle: not asked for every one",
  },
];
