import { randomBytes } from "node:crypto";
import { Pool } from "pg";
import { Database } from "../../src/db/database";
import { migrate } from "../../src/db/migrate";
import { riseAndTell } from "../../src/db/repositories/changes";
import { createEndpointStore, createSecretBox } from "../../src/db/repositories/webhook-endpoints";
import { KeyRing } from "../../src/db/vault";
import { civilDay } from "../../src/domain/days";
import { createOutgoing } from "../../src/services/outgoing/endpoints";
import { type GatewayProcess, startGateway } from "./gateway-process";
import { type HarnessDatabase, harnessDatabase } from "./harness-database";
import { POOLS } from "./migrated-database";
import { Consumer } from "./outgoing-consumer";

/** Gateways that only work off jobs, on one database, and two consumers: one that will fail, and one that never does. */
export class OutgoingLoad {
  readonly failing = new Consumer();
  readonly steady = new Consumer();
  /** Every change that was committed: person and day, in the order of the person's commits. */
  readonly committed: string[] = [];
  kills = 0;
  private readonly people: { id: string; name: string; next: number }[] = [];
  private gateways: (GatewayProcess | undefined)[] = [];
  private starting: Promise<unknown>[] = [];

  private constructor(
    private readonly at: HarnessDatabase,
    private readonly sql: Pool,
    private readonly database: Database,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Starts everything: `persons` without data, and as many gateways. */
  static async start(options: { persons: number; gateways: number }): Promise<OutgoingLoad> {
    const at = await harnessDatabase();
    await migrate(at.url);
    const key = randomBytes(32);
    const load = new OutgoingLoad(
      at,
      new Pool({ connectionString: at.adminUrl, max: 2 }),
      await Database.connect(at.url, POOLS),
      {
        DATABASE_URL: at.url,
        ENCRYPTION_KEYS: `k1:${key.toString("base64")}`,
        WEBHOOK_ALLOW_PRIVATE: "localhost",
        ROLES: "worker",
        BACKFILL_DAYS: "0",
        LOG_LEVEL: "warn",
      },
    );
    try {
      await load.open(new KeyRing([{ id: "k1", key }]), options);
    } catch (error) {
      await load.end();
      throw error;
    }
    return load;
  }

  /** Commits a person's next change, as a fetch does. `turn`: whose. */
  async change(turn: number): Promise<void> {
    const person = this.people[turn % this.people.length];
    if (!person) throw new Error("expected somebody");
    const day = civilDay(new Date(Date.UTC(2000, 0, 1 + person.next++)).toISOString().slice(0, 10));
    const entries = [{ metric: "SLEEP", day, type: "UPDATED" }] as const;
    await this.database.person(person.id, (tx) =>
      riseAndTell(tx, { personId: person.id, provider: "acme", accountId: person.id, origin: "LIVE", entries }),
    );
    this.committed.push(`${person.name} ${day}`);
  }

  /** Kills a gateway with SIGKILL and starts another in its place, without waiting for that. */
  async kill(): Promise<void> {
    const place = this.gateways.findIndex((gateway) => gateway !== undefined);
    const victim = this.gateways[place];
    if (!victim) return;
    this.gateways[place] = undefined;
    await victim.stop("SIGKILL");
    this.kills += 1;
    this.starting.push(this.begin());
  }

  /** Puts forward what is to be tried again later: three days pass in seconds. What a process has claimed stays claimed. */
  async passTime(): Promise<void> {
    // One transaction, which locks in the order in which deliveries are recorded.
    await this.sql.query(`
      SELECT FROM webhook_endpoints ORDER BY id FOR UPDATE;
      UPDATE webhook_endpoints SET paused_until = NULL WHERE paused_until > now();
      UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'PENDING' AND next_attempt_at > now();
      SELECT graphile_worker.add_job('deliver', json_build_object('endpointId', id), job_key => 'deliver ' || id)
      FROM webhook_endpoints ORDER BY id`);
  }

  /** What is not delivered or not even announced yet. */
  async left(): Promise<number> {
    const { rows } = await this.sql.query<{ left: number }>(`
      SELECT (SELECT count(*) FROM webhook_deliveries WHERE status <> 'DELIVERED')::int
        + (SELECT count(*) FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
           WHERE t.identifier = 'announce')::int AS left`);
    return rows[0]?.left ?? 0;
  }

  /** Ends all processes and stores. */
  async end(): Promise<void> {
    await Promise.allSettled(this.starting);
    await Promise.all(this.gateways.map((gateway) => gateway?.stop()));
    await Promise.all([this.failing.close(), this.steady.close()]);
    await this.database.close();
    await this.sql.end();
    await this.at.end();
  }

  private async open(ring: KeyRing, { persons, gateways }: { persons: number; gateways: number }): Promise<void> {
    for (let n = 0; n < persons; n += 1) {
      const name = `person-${n}`;
      const [row] = await this.database.directory<{ id: string }>(
        "INSERT INTO people (application_id, external_id) VALUES (current_application(), $1) RETURNING id",
        [name],
      );
      this.people.push({ id: row?.id ?? "", name, next: 0 });
    }
    const store = createEndpointStore(this.database);
    const targets = { allowPrivate: ["localhost"] };
    const api = createOutgoing({ store, box: createSecretBox(ring), targets });
    for (const consumer of [this.failing, this.steady]) {
      await consumer.listen();
      const { secret } = await api.create({ url: consumer.url, eventTypes: null, description: null }, "harness");
      consumer.believe(secret);
    }
    await Promise.all(Array.from({ length: gateways }, () => this.begin()));
  }

  private async begin(): Promise<void> {
    this.gateways.push(await startGateway({ env: this.env }));
  }
}
