import { Pool } from "pg";
import { createAnnouncements } from "../../src/db/repositories/announcements";
import { riseAndTell } from "../../src/db/repositories/changes";
import { createDeliveryStore } from "../../src/db/repositories/webhook-deliveries";
import { createEndpointStore, createSecretBox } from "../../src/db/repositories/webhook-endpoints";
import type { ChangeOrigin } from "../../src/domain/changes";
import type { OutgoingApi, WebhookDelivery } from "../../src/services/api";
import { Deliverer } from "../../src/services/outgoing/deliverer";
import { createOutgoing } from "../../src/services/outgoing/endpoints";
import { outgoingTasks } from "../../src/services/outgoing/tasks";
import type { SecretBox } from "../../src/services/ports/outgoing";
import { createWebhookPost, type WebhookPost } from "../../src/upstream/webhook-post";
import type { TargetRules } from "../../src/upstream/webhook-target";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database";

/** Prefix of the server key that asks in these tests. */
export const KEY = "wg_live_01234567";

/** Seconds; longer than any test takes. */
const AHEAD = 3_600;

/** A job that waits. `runAt`: epoch seconds. */
export interface WaitingJob {
  readonly id: string;
  readonly task: string;
  readonly payload: unknown;
  readonly runAt: number;
}

/** Outgoing webhooks on a real database, with a clock that jumps from job to job. */
export interface WebhookWorld {
  readonly at: MigratedDatabase;
  readonly sql: Pool;
  readonly api: OutgoingApi;
  readonly deliverer: Deliverer;
  readonly box: SecretBox;
  readonly faults: unknown[];
  /** Epoch seconds; an hour ahead of the real clock, by which PostgreSQL sets when a change is announced: that is always due. */
  readonly clock: { now: number };
  jobs(): Promise<readonly WaitingJob[]>;
  /** Does every job that comes due until a time (default: now), each at its time, and waits for what it begins. */
  drive(until?: number): Promise<void>;
  /** Does what waits to be announced, and delivers nothing. */
  announce(): Promise<void>;
  /** A person's data change on some days, as a fetch commits it. */
  changed(personId: string, days: readonly string[], origin?: ChangeOrigin): Promise<void>;
  deliveries(endpointId: string): Promise<readonly WebhookDelivery[]>;
  close(): Promise<void>;
}

const JOBS = `
SELECT j.id::text, t.identifier AS task, j.payload, extract(epoch FROM j.run_at)::float8 AS "runAt"
FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id`;

/** Starts a world. `chance` is what jitter takes; 0.5 moves nothing. */
export async function webhookWorld(
  options: { chance?: () => number; post?: WebhookPost; targets?: TargetRules } = {},
): Promise<WebhookWorld> {
  const at = await migratedDatabase();
  const sql = new Pool({ connectionString: at.fresh.adminUrl, max: 5 });
  const { database, ring } = at;
  const { targets = { allowPrivate: ["localhost"] } } = options;
  const clock = { now: Math.ceil(Date.now() / 1_000) + AHEAD };
  const faults: unknown[] = [];
  const box = createSecretBox(ring);
  const store = createDeliveryStore(database);
  const deliverer = new Deliverer({
    store,
    box,
    post: options.post ?? createWebhookPost(targets, 1_000),
    telemetry: { fault: (_where, error) => faults.push(error) },
    onAttempt: () => undefined,
    now: () => clock.now,
    chance: options.chance ?? (() => 0.5),
  });
  const tasks = new Map(
    outgoingTasks({
      store,
      deliverer,
      now: () => clock.now,
      announcements: createAnnouncements(database, (_person, { version, ordinal }) => `${version}.${ordinal}`),
    }).map((task) => [task.name, task]),
  );
  const jobs = async (): Promise<readonly WaitingJob[]> => (await sql.query(`${JOBS} ORDER BY j.run_at, j.id`)).rows;
  const take = async (until: number, task: string | null = null): Promise<WaitingJob | undefined> => {
    const due = `${JOBS} WHERE j.run_at <= to_timestamp($1) AND ($2::text IS NULL OR t.identifier = $2) ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED`;
    const { rows } = await sql.query(
      `WITH due AS MATERIALIZED (${due}), gone AS (
         DELETE FROM graphile_worker._private_jobs g USING due WHERE g.id = due.id::bigint) SELECT * FROM due`,
      [until, task],
    );
    return rows[0];
  };
  const run = (job: WaitingJob) =>
    tasks.get(job.task)!.run(job.payload, { number: 1, last: false, signal: new AbortController().signal });
  const api = createOutgoing({ store: createEndpointStore(database), box, targets });
  return {
    at,
    sql,
    deliverer,
    box,
    faults,
    clock,
    jobs,
    api,
    async drive(until) {
      const limit = until ?? clock.now;
      for (let job = await take(limit); job; job = await take(limit)) {
        clock.now = Math.max(clock.now, job.runAt);
        await run(job);
        await deliverer.settled();
      }
      clock.now = Math.max(clock.now, limit);
    },
    async announce() {
      const soon = Date.now() / 1_000 + 60;
      for (let job = await take(soon, "announce"); job; job = await take(soon, "announce")) await run(job);
    },
    async changed(personId, days, origin = "LIVE") {
      const entries = days.map((day) => ({ metric: "SLEEP" as const, day: day as never, type: "UPDATED" as const }));
      await database.person(personId, (tx) =>
        riseAndTell(tx, { personId, provider: "acme", accountId: personId, origin, entries }),
      );
    },
    deliveries: async (endpointId) => (await api.deliveries(endpointId, { first: 200, after: null })).nodes,
    async close() {
      await deliverer.settled();
      await sql.end();
      await at.close();
    },
  };
}
