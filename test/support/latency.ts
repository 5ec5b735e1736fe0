import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { daysAgo, FOUR_SCORES } from "./four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "./gateway-process";
import { type HarnessDatabase, harnessDatabase } from "./harness-database";
import { linked } from "./newcomer";
import { type Subscriber, type SubscriptionClient, subscriptionClient } from "./subscriber";
import { startVendor, type Vendor } from "./vendor";

const USER = "wearer";
const DAYS = 60;
/** A change of either has no other metric's document behind it. */
const ENDPOINTS = ["daily_readiness", "daily_activity"] as const;
const FOLLOW = "subscription { dataChanged { day metric type origin } }";

interface Heard {
  readonly day: string;
  readonly type: string;
}

/** A vendor, gateways with the roles given (one process each, a cache of its own each), and one client that follows a person's data. */
export class LatencyWorld {
  private asked = 0;

  private constructor(
    private readonly database: HarnessDatabase,
    private readonly vendor: Vendor,
    private readonly gateways: readonly GatewayProcess[],
    private readonly client: SubscriptionClient,
    private readonly follower: Subscriber<Heard>,
  ) {}

  /** Starts it all with 60 days known, and nothing under way. The first role list is that of the process which takes webhooks and tells clients. */
  static async start(roles: readonly string[]): Promise<LatencyWorld> {
    const [database, vendor] = await Promise.all([harnessDatabase(), startVendor()]);
    const gateways: GatewayProcess[] = [];
    try {
      const key = `latency:${randomBytes(32).toString("base64")}`;
      const env = { ...vendor.env, DATABASE_URL: database.url, ENCRYPTION_KEYS: key, BACKFILL_DAYS: "0" };
      for (const one of roles) gateways.push(await startGateway({ env: { ...env, ROLES: one, LOG_LEVEL: "warn" } }));
      const [gateway] = gateways;
      if (!gateway) throw new Error("expected roles");
      await linked(gateway, { user: USER });
      await gateway.graphql(FOUR_SCORES, { range: { start: daysAgo(DAYS), end: daysAgo(1) } });
      vendor.simulator.change({ webhookUrl: `${gateway.url}/webhooks/oura` });
      const client = subscriptionClient(gateway.url);
      const follower = client.subscribe<Heard>(FOLLOW);
      const world = new LatencyWorld(database, vendor, gateways, client, follower);
      // What comes before the subscription stands is not told; the first ones warm up what they go through.
      await sleep(1_500);
      for (let turn = 0; turn < 5; turn++) await world.measure();
      return world;
    } catch (error) {
      await stopAll(...gateways);
      await vendor.simulator.stop();
      await database.end();
      throw error;
    }
  }

  /** Milliseconds from a signed webhook's being sent to its event at the client. Throws where none comes in ten seconds. */
  async measure(): Promise<number> {
    const turn = this.asked++;
    const endpoint = ENDPOINTS[turn % ENDPOINTS.length] ?? ENDPOINTS[0];
    const day = daysAgo(1 + (Math.floor(turn / ENDPOINTS.length) % DAYS)) as never;
    const documents = this.vendor.simulator.people.documents(
      USER,
      this.vendor.simulator.people.person(USER),
      endpoint,
      { start: day, end: day },
    );
    // The simulator gives everybody days without data.
    if (documents.length === 0) return this.measure();
    const before = this.follower.events.length;
    const begun = performance.now();
    this.vendor.simulator.people.revise({ endpoint, day, user: USER });
    await this.follower.until(before + 1);
    const took = performance.now() - begun;
    const heard = this.follower.events[before];
    if (heard?.day !== day || heard.type !== "UPDATED") throw new Error(`expected ${day}, heard ${heard?.day}`);
    // Until nothing is under way.
    await sleep(150);
    return took;
  }

  /** Ends everything that was started. */
  async end(): Promise<void> {
    await this.client.close();
    await stopAll(...this.gateways);
    await this.vendor.simulator.stop();
    await this.database.end();
  }
}
