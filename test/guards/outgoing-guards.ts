import type { Guard } from "./guards";

const TARGET = "src/upstream/webhook-target.ts";
const POST = "src/upstream/webhook-post.ts";
const CHECKING = "test/unit/upstream/webhook-target.test.ts";
const TRUSTING = "test/integration/outgoing-trust.test.ts";

/** The guards of outgoing webhooks. */
export const OUTGOING_GUARDS: readonly Guard[] = [
  {
    name: "every address that a name resolves to is checked",
    file: TARGET,
    find: "if (!excepted && !addresses.every(isPublicAddress)) throw notPublic();",
    replace: "",
    suite: CHECKING,
    tests: "also where another address is public|public at save and points inside at send",
  },
  {
    name: "IPv4 within IPv6 is checked as IPv4",
    file: TARGET,
    find: 'if (isWrapped) return isPublicAddress(parts.slice(12).join("."));',
    replace: "if (isWrapped) return true;",
    suite: CHECKING,
    tests: "\\[(::ffff:7f00:1|::ffff:a9fe:a9fe|64:ff9b::7f00:1)\\] is refused",
  },
  {
    name: "what was checked is what is connected to",
    file: POST,
    find: "lookup: pinnedTo(addresses), ",
    replace: "",
    suite: CHECKING,
    tests: "only what was checked is connected to",
  },
  {
    name: "addresses are checked at send, too",
    file: POST,
    find: "const addresses = await before(ended, checkedAddresses(url, rules));",
    replace: 'const addresses = rules && [{ address: "127.0.0.1", family: 4 }];',
    suite: TRUSTING,
    tests: "by another way is refused at send|resolves inside is refused at save, and at send",
  },
  {
    name: "who lost a claim records nothing",
    file: "src/db/repositories/webhook-deliveries.ts",
    find: "AND id = $1 AND claim = $2 RETURNING id",
    replace: "AND id = $1 AND $2::uuid IS NOT NULL RETURNING id",
    suite: TRUSTING,
    tests: "did not record before it died",
  },
];
