import { randomUUID } from "node:crypto";
import { AccountFenced } from "../../domain/errors";
import { Gathered, type Several } from "../../domain/gathered";
import type { FlightKey, FlightLeases, Lease, LeaseView } from "../../services/ports/flights";
import type { Database } from "../database";

/** Seconds after its last renewal at which a lease ends: its process is dead or frozen. */
const LEASE_SECONDS = 10;

// In the order of their keys, so that two who want the same ones never wait for each other. Those that somebody holds are left out.
const ACQUIRE = `
WITH asked AS (SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS n (account_id, endpoint, owner)),
linked AS (SELECT id FROM accounts WHERE person_id = $1 AND id = ANY ($2) AND status = 'ACTIVE'),
taken AS (
  INSERT INTO flights AS held (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
  SELECT $1, account_id, endpoint, owner, clock_timestamp(), clock_timestamp(), clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
  FROM asked JOIN linked ON linked.id = asked.account_id ORDER BY account_id, endpoint
  ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET owner = excluded.owner, started_at = excluded.started_at,
    progressed_at = excluded.progressed_at, expires_at = excluded.expires_at
  WHERE held.expires_at < clock_timestamp()
  RETURNING owner, started_at)
SELECT asked.owner, extract(epoch FROM taken.started_at)::float8 AS started_at, linked.id IS NOT NULL AS linked
FROM asked LEFT JOIN linked ON linked.id = asked.account_id LEFT JOIN taken ON taken.owner = asked.owner`;
const RENEW = `
UPDATE flights SET expires_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}),
  progressed_at = greatest(progressed_at, clock_timestamp() - make_interval(secs => $5::float8 / 1000))
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4`;
const RELEASE = "DELETE FROM flights WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4";
const POLLED = `
INSERT INTO endpoint_times AS old (person_id, account_id, endpoint, polled_at)
SELECT $1, $2, $3, clock_timestamp() - make_interval(secs => $4::float8 / 1000)
FROM (SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status <> 'DISCONNECTED' FOR SHARE) AS linked
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET polled_at = greatest(old.polled_at, excluded.polled_at)`;
const VIEW = `
SELECT extract(epoch FROM clock_timestamp() - progressed_at)::float8 * 1000 AS silent_for_ms FROM flights
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND expires_at >= clock_timestamp()`;

type Asked = FlightKey & { readonly owner: string };

interface Answered {
  readonly owner: string;
  /** Null where somebody holds it. */
  readonly started_at: number | null;
  readonly linked: boolean;
}

/**
 * Leases on fetching as rows of PostgreSQL, judged by its clock alone. Those that a read needs of one person are taken by one statement.
 * A crash of the database may lose one: then what was fetched under it is not committed.
 */
export class PgFlightLeases implements FlightLeases {
  private readonly acquiring = new Gathered<Asked, Answered | undefined>((asked) => this.acquireAll(asked));

  constructor(private readonly database: Database) {}

  /** @inheritdoc */
  async acquire(key: FlightKey): Promise<Lease | null> {
    const owner = randomUUID();
    const answered = await this.acquiring.ask(key.personId, { ...key, owner });
    if (!answered?.linked) throw new AccountFenced("the account is not linked any more");
    return answered.started_at === null ? null : { owner, startedAt: answered.started_at };
  }

  /** One statement can take a row only once: of those who want the same one, the others are told that somebody holds it. */
  private async acquireAll(asked: Several<Asked>): Promise<readonly (Answered | undefined)[]> {
    const first = new Map(asked.map((one) => [`${one.accountId} ${one.endpoint}`, one] as const).reverse());
    const ones = [...first.values()];
    const rows = await this.database.passing<Answered>(asked[0].personId, { name: "acquire leases", text: ACQUIRE }, [
      asked[0].personId,
      ones.map(({ accountId }) => accountId),
      ones.map(({ endpoint }) => endpoint),
      ones.map(({ owner }) => owner),
    ]);
    const byOwner = new Map(rows.map((row) => [row.owner, row]));
    return asked.map((one) => {
      const chosen = first.get(`${one.accountId} ${one.endpoint}`);
      const row = chosen && byOwner.get(chosen.owner);
      return row && chosen !== one ? { ...row, started_at: null } : row;
    });
  }

  /** @inheritdoc */
  async renew(key: FlightKey, owner: string, silentForMs: number): Promise<void> {
    const values = [...placeOf(key), owner, silentForMs];
    await this.database.passing(key.personId, { name: "renew a lease", text: RENEW }, values);
  }

  /** @inheritdoc */
  async release(key: FlightKey, owner: string, askedMsAgo: number | null = null): Promise<void> {
    await this.database.person(key.personId, async (tx) => {
      await tx.query(RELEASE, [...placeOf(key), owner]);
      if (askedMsAgo !== null) await tx.query(POLLED, [...placeOf(key), askedMsAgo]);
    });
  }

  /** @inheritdoc */
  async view(key: FlightKey): Promise<LeaseView | null> {
    const rows: { silent_for_ms: number }[] = await this.database.person(key.personId, (tx) =>
      tx.query(VIEW, placeOf(key)),
    );
    return rows[0] ? { silentForMs: rows[0].silent_for_ms } : null;
  }
}

function placeOf(key: FlightKey): string[] {
  return [key.personId, key.accountId, key.endpoint];
}
