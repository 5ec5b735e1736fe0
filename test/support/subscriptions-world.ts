import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import type { SubscriptionTopic } from "../../providers/contract";
import { oura } from "../../providers/oura";
import { webhookSubscriptions as profile } from "../../providers/oura/subscriptions";
import { LocalPauses } from "../../src/cache/memory";
import { createSubscriptionStore } from "../../src/db/repositories/webhook-subscriptions";
import type { KeptSubscription } from "../../src/domain/subscriptions";
import { serveHandshake } from "../../src/http/webhook-handshake";
import type { Budgets } from "../../src/services/ports/budgets";
import type { SubscriptionStore } from "../../src/services/ports/subscriptions";
import type { ManagedProvider } from "../../src/services/subscriptions/calls";
import { SubscriptionKeeper } from "../../src/services/subscriptions/keeper";
import { overview } from "../../src/services/subscriptions/overview";
import { handshakes, VerificationTokens } from "../../src/services/subscriptions/verification";
import { type Simulator, startSimulator } from "../../src/simulator";
import { createOutbound } from "../../src/upstream/outbound";
import { UNLIMITED } from "./budgets";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database";

const CLIENT = { clientId: "application", clientSecret: "its secret" };

/** A process that keeps subscriptions, as far as that goes. */
export interface KeeperProcess {
  readonly keeper: SubscriptionKeeper;
  readonly managed: ManagedProvider;
  /** One run; rejects as the job would. */
  keep(): Promise<void>;
}

/** How a keeper of a test differs from the plain one. `base`: null keeps nothing; `secondsAhead`: how far its clock is from the vendor's. */
export interface KeeperOptions {
  readonly base?: string | null;
  readonly clientSecret?: string;
  readonly tokens?: VerificationTokens;
  readonly secondsAhead?: number;
  readonly wanted?: readonly SubscriptionTopic[];
  readonly budgets?: Budgets;
}

/** A simulated vendor, a database, and an API process that answers handshakes. */
export class SubscriptionsWorld {
  /** Epoch seconds, of the vendor and of every keeper. */
  now = Math.floor(Date.now() / 1_000);
  private readonly closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly at: MigratedDatabase,
    readonly simulator: Simulator,
    readonly api: FastifyInstance,
    readonly store: SubscriptionStore,
    readonly tokens: VerificationTokens,
  ) {}

  static async create(): Promise<SubscriptionsWorld> {
    const at = await migratedDatabase();
    let world: SubscriptionsWorld | undefined;
    const now = () => world?.now ?? 0;
    const simulator = await startSimulator({ provider: oura, ...CLIENT, now });
    const api = Fastify();
    const tokens = new VerificationTokens([{ key: randomBytes(32) }]);
    const party = { provider: oura, webhookSecret: CLIENT.clientSecret, handshakeCode: null };
    serveHandshake(api, { handshake: handshakes([party], tokens) });
    // Another program, which takes every subscription.
    api.get<{ Querystring: { challenge: string } }>("/elsewhere", async ({ query: { challenge } }) => ({ challenge }));
    await api.listen({ host: "127.0.0.1", port: 0 });
    world = new SubscriptionsWorld(at, simulator, api, createSubscriptionStore(at.database), tokens);
    return world;
  }

  /** Where the API process is reached. */
  base(host = "localhost"): string {
    return `http://${host}:${(this.api.server.address() as AddressInfo).port}`;
  }

  keeper(options: KeeperOptions = {}): KeeperProcess {
    const { base = this.base(), clientSecret = CLIENT.clientSecret, tokens = this.tokens, secondsAhead = 0 } = options;
    const { wanted = profile.wanted, budgets = UNLIMITED } = options;
    const outbound = createOutbound({ allowedOrigins: new Map([["oura", new Set([this.simulator.origin])]]) });
    this.closing.push(() => outbound.close());
    const managed: ManagedProvider = {
      provider: oura,
      profile: { ...profile, wanted },
      apiUrl: this.simulator.origin,
      client: { clientId: CLIENT.clientId, clientSecret },
      callbackUrl: base === null ? null : `${base}/webhooks/oura`,
    };
    const now = () => this.now + secondsAhead;
    const parts = {
      outbound,
      pauses: new LocalPauses(),
      budgets,
      now,
      store: this.store,
      tokens,
      providers: [managed],
    };
    const keeper = new SubscriptionKeeper(parts);
    return { keeper, managed, keep: () => keeper.keep(new AbortController().signal) };
  }

  /** What operators see. */
  shown({ managed }: KeeperProcess): Promise<readonly KeptSubscription[]> {
    return overview(this.store, [managed], this.now);
  }

  /** Calls to the vendor's API since the last reset, as `METHOD status`, counted. */
  calls(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { method, path, status } of this.simulator.calls()) {
      const name = `${method}${path.includes("/renew/") ? " renew" : ""} ${status}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** Answers so many calls, takes one more without an answer, and is down for as long as the gateway tries then. */
  breaksAfter(calls: number): void {
    const { faults } = this.simulator;
    faults.add({ effect: "lost", kind: "subscription", skip: calls, times: 1 });
    faults.add({ effect: "server_error", status: 503, kind: "subscription", skip: calls + 1, times: 2 });
  }

  /** Waits for a condition; rejects after five seconds. */
  async until(holds: () => boolean): Promise<void> {
    for (const end = Date.now() + 5_000; !holds(); await new Promise((done) => setTimeout(done, 10))) {
      if (Date.now() > end) throw new Error("what was waited for did not come");
    }
  }

  /** Makes a subscription past the gateway. Its callback must answer the handshake. */
  async make(topic: SubscriptionTopic, url: string): Promise<Response> {
    const { method, path, json } = profile.create(topic, { url, verificationToken: this.tokens.current("oura") });
    const headers = {
      "content-type": "application/json",
      "x-client-id": CLIENT.clientId,
      "x-client-secret": CLIENT.clientSecret,
    };
    return fetch(this.simulator.origin + path, { method, headers, body: JSON.stringify(json) });
  }

  /** As after a first start, with a vendor in order. */
  async reset(): Promise<void> {
    this.simulator.reset();
    this.simulator.subscriptions.clear();
    this.now = Math.floor(Date.now() / 1_000);
    await Promise.all(this.closing.splice(0).map((close) => close()));
    await this.at.database.application(async (tx) => {
      await tx.query("DELETE FROM webhook_subscriptions");
      await tx.query("DELETE FROM webhook_keepers");
    });
  }

  async close(): Promise<void> {
    await this.reset();
    await this.api.close();
    await this.simulator.stop();
    await this.at.close();
  }
}
