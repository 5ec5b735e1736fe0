import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { SentWebhook } from "../../src/simulator/webhooks";
import { type Clouds, linkFour, type WearableName } from "./four-wearables";
import { type GatewayProcess, startGateway } from "./gateway-process";
import { type FreshDatabase, migratedCopy } from "./services";

/** A gateway with all four wearables, whose simulators tell it what changes, and its database seen from beside it. */
export class ToldGateway {
  private constructor(
    readonly gateway: GatewayProcess,
    private readonly database: FreshDatabase,
    private readonly admin: Client,
  ) {}

  static async start(): Promise<ToldGateway> {
    const database = await migratedCopy();
    const admin = new Client({ connectionString: database.adminUrl });
    await admin.connect();
    const gateway = await startGateway({ env: { DATABASE_URL: database.url, BACKFILL_DAYS: "0" } });
    return new ToldGateway(gateway, database, admin);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.admin.end();
    await this.database.drop();
  }

  /** Links all four of a person who signs in everywhere by that name. */
  link(user: string, token?: string): Promise<Clouds> {
    return linkFour(this.gateway, token === undefined ? { user } : { user, token });
  }

  async rows(sql: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.admin.query(sql, [...parameters])).rows;
  }

  /** How many notices of a provider there are, and by what became of them. */
  async outcomes(provider: string): Promise<Record<string, number>> {
    const rows = await this.rows(
      "SELECT coalesce(outcome, 'waiting') AS outcome, count(*)::int AS count FROM webhook_inbox WHERE provider = $1 GROUP BY 1",
      [provider],
    );
    return Object.fromEntries(rows.map((row) => [row["outcome"], Number(row["count"])]));
  }

  /** Waits until so many notices of a provider have come, and everything that came is worked off. */
  async workedOff(provider: string, least: number): Promise<void> {
    for (let waited = 0; waited < 20_000; waited += 50) {
      const outcomes = await this.outcomes(provider);
      const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
      if (all >= least && !("waiting" in outcomes)) return;
      await sleep(50);
    }
    throw new Error(`events of ${provider} were not worked off in time\n${this.gateway.output()}`);
  }

  /** The endpoints of which something is stored for a day, deleted documents left out. */
  async storedOn(provider: string, day: string, vendorUserId?: string): Promise<string[]> {
    const rows = await this.rows(
      `SELECT DISTINCT r.endpoint FROM records r JOIN accounts a ON a.person_id = r.person_id AND a.id = r.account_id
       WHERE a.provider = $1 AND r.day = $2 AND r.body IS NOT NULL AND ($3::text IS NULL OR a.vendor_user_id = $3) ORDER BY 1`,
      [provider, day, vendorUserId ?? null],
    );
    return rows.map(({ endpoint }) => String(endpoint));
  }
}

/** What a simulator has sent. */
export async function sentBy(clouds: Clouds, name: WearableName): Promise<readonly SentWebhook[]> {
  return ((await clouds.control(name, "webhooks")) as unknown as { webhooks: SentWebhook[] }).webhooks;
}
