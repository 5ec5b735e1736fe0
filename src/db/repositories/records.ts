import { civilDay } from "../../domain/days";
import { DatabaseUnreachable } from "../../domain/errors";
import { Gathered, type Several } from "../../domain/gathered";
import type {
  Committed,
  Fetched,
  RecordStore,
  SessionsNamed,
  Snapshot,
  SnapshotRequest,
} from "../../services/ports/records";
import type { Vaults } from "../../services/ports/vault";
import type { Database } from "../database";
import { commitFetched } from "./commit/commit";
import { hashOf } from "./commit/content-hash";
import { SESSION_DAYS } from "./commit/dependents";
import { UNREAD_KEPT_SECONDS } from "./commit/unread";
import { SharedReads } from "./shared-reads";
import { readSnapshot } from "./snapshot";

const KEEP_BODY = `
INSERT INTO set_aside_documents (person_id, account_id, endpoint, content_hash, days, path, problem, sealed_body, seen_at, expires_at)
VALUES ($1, $2, $3, $4, '{}', 'body', $5, $6, now(), now() + make_interval(secs => ${UNREAD_KEPT_SECONDS}))
ON CONFLICT (person_id, account_id, endpoint, content_hash) DO UPDATE SET expires_at = excluded.expires_at`;

/** Records, raw documents and coverage in PostgreSQL. */
export class PgRecordStore implements RecordStore {
  // Many people's screens are one person's: without this, a crowd of equal queries queues for the pool longer than it waits.
  private readonly snapshots = new SharedReads<Snapshot>();

  /** Of coverage alone: the endpoints that a question needs are looked at together. */
  private readonly commits = new Gathered<Fetched, Committed | { readonly error: unknown }>(
    (answers) => this.commitAll(answers),
    true,
  );
  private readonly looks = new Gathered<SnapshotRequest, Snapshot>((asked) => this.look(asked));

  constructor(
    private readonly database: Database,
    private readonly vaults: Vaults,
  ) {}

  /** Requests that come together are one statement, which begins after the last of them came: equal ones, and those for coverage alone. */
  snapshot(request: SnapshotRequest): Promise<Snapshot> {
    return request.withRecords ? this.shared(request) : this.looks.ask(request.personId, request);
  }

  private async look(asked: Several<SnapshotRequest>): Promise<readonly Snapshot[]> {
    const sinces = asked.flatMap(({ checkedSince }) => checkedSince ?? []);
    const snapshot = await this.shared({
      personId: asked[0].personId,
      accountIds: [...new Set(asked.flatMap(({ accountIds }) => accountIds))],
      endpoints: [...new Set(asked.flatMap(({ endpoints }) => endpoints))],
      range: {
        start: asked.map(({ range }) => range.start).reduce((one, other) => (one < other ? one : other)),
        end: asked.map(({ range }) => range.end).reduce((one, other) => (one > other ? one : other)),
      },
      checkedSince: sinces.length === 0 ? null : Math.min(...sinces),
      withRecords: false,
    });
    return asked.map(({ accountIds, endpoints }) => ({
      ...snapshot,
      coverage: snapshot.coverage.filter(
        ({ accountId, endpoint }) => accountIds.includes(accountId) && endpoints.includes(endpoint),
      ),
    }));
  }

  private shared(request: SnapshotRequest): Promise<Snapshot> {
    const { belief = null, ...asked } = request;
    return this.snapshots.read(JSON.stringify([asked, belief !== null]), () => readSnapshot(this.database, request));
  }

  /**
   * What somebody waits for is committed together where it comes while another answer for the same account is; not what takes days from
   * others again.
   */
  async commit(fetched: Fetched): Promise<Committed> {
    const { personId, accountId, grantNumber, origin, dependents } = fetched;
    if (origin !== "LIVE" || dependents.length > 0) return firstOf(await this.transaction([fetched]));
    const outcome = await this.commits.ask(`${personId} ${accountId} ${grantNumber}`, fetched);
    if ("error" in outcome) throw outcome.error;
    return outcome;
  }

  /** Where one may not be kept, the others are, each by itself. */
  private async commitAll(answers: Several<Fetched>): Promise<readonly (Committed | { readonly error: unknown })[]> {
    try {
      return await this.transaction(answers);
    } catch (error) {
      if (answers.length === 1 || error instanceof DatabaseUnreachable) return answers.map(() => ({ error }));
    }
    const outcomes: (Committed | { readonly error: unknown })[] = [];
    for (const fetched of answers) {
      outcomes.push(await this.transaction([fetched]).then(firstOf, (own: unknown) => ({ error: own })));
    }
    return outcomes;
  }

  private async transaction(answers: Several<Fetched>): Promise<readonly Committed[]> {
    const [{ personId }] = answers;
    const vault = await this.vaults.of(personId);
    return this.database.person(personId, (tx) => commitFetched(tx, answers, vault));
  }

  /** @inheritdoc */
  async sessionDays(named: SessionsNamed): ReturnType<RecordStore["sessionDays"]> {
    const { personId, accountId, endpoint, sessions, cycles } = named;
    const rows: { key: string; cycle: string | null; day: string }[] = await this.database.person(personId, (tx) =>
      tx.query(SESSION_DAYS(), [personId, accountId, endpoint, sessions, cycles]),
    );
    return {
      bySession: new Map(rows.map((row) => [row.key, civilDay(row.day)])),
      // The last of a cycle wins: the longest night.
      byCycle: new Map(rows.flatMap((row) => (row.cycle === null ? [] : [[row.cycle, civilDay(row.day)] as const]))),
    };
  }

  /** @inheritdoc */
  async keepUnreadable(
    where: Pick<Fetched, "personId" | "accountId" | "provider" | "endpoint">,
    problem: string,
    body: Buffer,
  ): Promise<void> {
    const { personId, accountId, endpoint, provider } = where;
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const vault = await this.vaults.of(personId);
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await this.database.person(personId, (tx) =>
      tx.query(KEEP_BODY, [personId, accountId, endpoint, Buffer.from(hash, "hex"), problem, sealed]),
    );
  }
}

function firstOf([committed]: readonly Committed[]): Committed {
  if (!committed) throw new RangeError("expected what a commit came to");
  return committed;
}
