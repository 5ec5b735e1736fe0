import { AccountFenced } from "../../domain/errors";
import { DEEPEST, readJson, textOf } from "../../domain/json-text";
import type { Interrupted, KeptPage, PagedWindow, PageKeeper } from "../../services/ports/kept-pages";
import type { SealContext, Vaults } from "../../services/ports/vault";
import type { Database } from "../database";

/** Seconds after its last page at which an interrupted fetch is not gone on with: what the pages say grows old, and cursors end. */
const RESUMABLE_SECONDS = 15 * 60;

const FETCHED = `
SELECT page, sealed_body, extract(epoch FROM started_at)::float8 AS started_at FROM fetched_pages
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND first_day = $4 AND last_day = $5 AND grant_number = $6
  AND started_at > now() - make_interval(secs => ${RESUMABLE_SECONDS}) ORDER BY page`;
const KEEP = `
INSERT INTO fetched_pages (person_id, account_id, endpoint, first_day, last_day, page, grant_number, sealed_body, started_at, fetched_at)
SELECT $1, $2, $3, $4, $5, $7, $6, $8, to_timestamp($9::float8), now()
FROM (SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE' AND grant_number = $6 FOR SHARE) AS linked
ON CONFLICT (person_id, account_id, endpoint, first_day, last_day, page) DO UPDATE SET grant_number = excluded.grant_number,
  sealed_body = excluded.sealed_body, started_at = excluded.started_at, fetched_at = excluded.fetched_at
RETURNING page`;
const FORGET = `
DELETE FROM fetched_pages WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND first_day = $4 AND last_day = $5`;

/** Pages of a fetch under way in PostgreSQL, sealed under the person's data key. */
export class PgPageKeeper implements PageKeeper {
  constructor(
    private readonly database: Database,
    private readonly vaults: Vaults,
  ) {}

  /** @inheritdoc */
  async interrupted(window: PagedWindow): Promise<Interrupted | null> {
    const vault = await this.vaults.of(window.personId);
    const rows: { page: number; sealed_body: Buffer; started_at: number }[] = await this.database.person(
      window.personId,
      (tx) => tx.query(FETCHED, [...placeOf(window), window.grantNumber]),
    );
    const startedAt = rows[0]?.started_at;
    // Pages of another fetch, or after a gap, are no part of it.
    const whole = rows.filter((row, index) => row.page === index + 1 && row.started_at === startedAt);
    if (startedAt === undefined || whole.length === 0) return null;
    const pages = whole.map((row): KeptPage => {
      const opened = vault.open(contextOf(window, row.page), row.sealed_body);
      return readJson(opened.toString("utf8"), DEEPEST + 1) as KeptPage;
    });
    return { startedAt, pages };
  }

  /** @inheritdoc */
  async keep(window: PagedWindow, number: number, page: KeptPage, startedAt: number): Promise<void> {
    const vault = await this.vaults.of(window.personId);
    const text = `{"cursor":${textOf(page.cursor)},"body":${textOf(page.body)}}`;
    const sealed = vault.seal(contextOf(window, number), Buffer.from(text));
    const kept: unknown[] = await this.database.person(window.personId, (tx) =>
      tx.query(KEEP, [...placeOf(window), window.grantNumber, number, sealed, startedAt]),
    );
    if (kept.length === 0) throw new AccountFenced("the account was unlinked, relinked or erased during the fetch");
  }

  /** @inheritdoc */
  async forget(window: PagedWindow): Promise<void> {
    await this.database.person(window.personId, (tx) => tx.query(FORGET, placeOf(window)));
  }
}

function placeOf({ personId, accountId, endpoint, window }: PagedWindow): string[] {
  return [personId, accountId, endpoint, window.start, window.end];
}

function contextOf({ accountId, endpoint, provider, window }: PagedWindow, page: number): SealContext {
  const row = `${accountId}/${endpoint}/${window.start}/${window.end}/${page}`;
  return { table: "fetched_pages", column: "sealed_body", row, provider };
}
