import { randomUUID } from "node:crypto";
import { AccountFenced } from "../../domain/errors";
import type { FlightKey, FlightLeases, Lease, LeaseView } from "../../services/ports/flights";
import type { Database } from "../database";

/** Seconds after its last renewal at which a lease ends: its process is dead or frozen. */
const LEASE_SECONDS = 10;

const ACQUIRE = `
INSERT INTO flights AS held (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
SELECT $1, $2, $3, $4, clock_timestamp(), clock_timestamp(), clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE'
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET owner = excluded.owner, started_at = excluded.started_at,
  progressed_at = excluded.progressed_at, expires_at = excluded.expires_at
WHERE held.expires_at < clock_timestamp()
RETURNING extract(epoch FROM started_at)::float8 AS started_at`;
const ACTIVE = "SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE'";
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

/** Leases on fetching as rows of PostgreSQL, judged by its clock alone. */
export class PgFlightLeases implements FlightLeases {
  constructor(private readonly database: Database) {}

  /** @inheritdoc */
  async acquire(key: FlightKey): Promise<Lease | null> {
    const owner = randomUUID();
    return this.database.person(key.personId, async (tx) => {
      const rows: { started_at: number }[] = await tx.query(ACQUIRE, [...placeOf(key), owner]);
      if (rows[0]) return { owner, startedAt: rows[0].started_at };
      const active: unknown[] = await tx.query(ACTIVE, [key.personId, key.accountId]);
      if (active.length === 0) throw new AccountFenced("the account is not linked any more");
      return null;
    });
  }

  /** @inheritdoc */
  async renew(key: FlightKey, owner: string, silentForMs: number): Promise<void> {
    await this.database.person(key.personId, (tx) => tx.query(RENEW, [...placeOf(key), owner, silentForMs]));
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
