import { createHmac } from "node:crypto";
import { providers } from "../../providers/registry";
import { Database } from "../../src/db/database";
import { createWebhookInbox } from "../../src/db/repositories/webhook-inbox";
import { WebhookIntake, type WebhookSender } from "../../src/services/webhooks/intake";
import { type FakeGateway, startFakeGateway } from "./fake-gateway";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy";
import { acmeWithWebhooks } from "./webhook-acme";

/** What everybody's webhooks are verified with here. */
export const SECRET = "a secret of the client";

/** A gateway's HTTP side with a real inbox, whose database can be taken away. */
export interface WebhookServer {
  readonly gateway: FakeGateway;
  readonly at: MigratedDatabase;
  readonly proxy: TcpProxy;
  readonly counted: Map<string, number>;
  /** The inbox's rows. */
  rows(): Promise<readonly { key: string; user: string; outcome: string | null }[]>;
  jobs(): Promise<number>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it: every registered wearable, and the made-up one, with {@link SECRET}; `unset` without. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const at = await migratedDatabase();
  const { hostname, port } = new URL(at.fresh.url);
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  const behind = new URL(at.fresh.url);
  behind.hostname = "127.0.0.1";
  behind.port = String(proxy.port);
  const database = await Database.connect(behind.href, { api: 4, reads: 4, refresh: 1, attempts: 1, worker: 1 });
  const senders = new Map<string, WebhookSender>(
    [...providers, acmeWithWebhooks].map((provider) => [provider.slug, { provider, secret: SECRET }]),
  );
  senders.set("unset", { provider: acmeWithWebhooks, secret: null });
  const { webhook: _webhook, ...mute } = acmeWithWebhooks;
  senders.set("mute", { provider: mute, secret: SECRET });
  const counted = new Map<string, number>();
  const intake = new WebhookIntake({
    senders,
    inbox: createWebhookInbox(database),
    now: () => Date.now() / 1_000,
    count: (_provider, what, count) => void counted.set(what, (counted.get(what) ?? 0) + count),
  });
  const gateway = await startFakeGateway({ webhooks: intake });
  const look = (sql: string) => at.database.application((tx) => tx.query(sql));
  return {
    ...{ gateway, at, proxy, counted },
    rows: () =>
      look(
        "SELECT event_key AS key, vendor_user_id AS user, outcome FROM webhook_inbox ORDER BY received_at, event_key",
      ),
    jobs: async () => (await look("SELECT count(*)::int AS count FROM graphile_worker._private_jobs"))[0].count,
    async empty() {
      proxy.mend();
      counted.clear();
      await look("DELETE FROM webhook_inbox");
      await look("DELETE FROM graphile_worker._private_jobs");
    },
    async close() {
      proxy.mend();
      await gateway.server.close();
      await database.close();
      await proxy.stop();
      await at.close();
    },
  };
}

/** A notice of each wearable, as its vendor sends it. */
export const OURA = JSON.stringify({
  event_type: "update",
  data_type: "sleep",
  object_id: "doc-1",
  event_time: "2026-11-21T06:00:00+00:00",
  user_id: "ring-user",
});
export const WHOOP = JSON.stringify({
  user_id: 10129,
  id: "550e8400-e29b-41d4-a716-446655440000",
  type: "sleep.updated",
  trace_id: "trace-1",
});
export const POLAR = JSON.stringify({
  ...{ event: "SLEEP", user_id: 475, date: "2026-11-20", timestamp: "2026-11-21T06:00:00Z" },
});
export const WITHINGS = "userid=471100815&appli=44&startdate=1795200000&enddate=1795228800";

/** The address of Withings' notices, which ends in the secret. */
export const WITHINGS_ADDRESS = `/webhooks/withings/${encodeURIComponent(SECRET)}`;

/** What a form is sent with. */
export const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** Gives the tests of a file a server of their own, empty before each; answers what sends bodies to it and tells the status. */
export function serverForTests(started: (server: WebhookServer) => void) {
  let server: WebhookServer;
  beforeAll(async () => {
    server = await startWebhookServer();
    started(server);
  });
  beforeEach(() => server.empty());
  afterAll(() => server.close());
  const send = async (path: string, body: string | Uint8Array, headers: Record<string, string>): Promise<number> => {
    const { status } = await server.gateway.fetch(path, { method: "POST", body: body as BodyInit, headers });
    return status;
  };
  return { send, oura: (headers: Record<string, string>, body = OURA) => send("/webhooks/oura", body, headers) };
}

/** Now, in whole seconds since 1970. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** What an Oura body is sent with. `at`: what the timestamp header says. */
export function ouraHeaders(body: string | Uint8Array, at = String(nowSeconds()), secret = SECRET) {
  const signature = createHmac("sha256", secret).update(at).update(body).digest("hex").toUpperCase();
  return { "content-type": "application/json", "x-oura-timestamp": at, "x-oura-signature": signature };
}

/** What a WHOOP body is sent with. */
export function whoopHeaders(body: string, at = String(Date.now()), secret = SECRET) {
  const signature = createHmac("sha256", secret).update(at).update(body).digest("base64");
  return { "content-type": "application/json", "x-whoop-signature-timestamp": at, "x-whoop-signature": signature };
}

/** What a Polar body is sent with. */
export function polarHeaders(body: string, secret = SECRET) {
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  return { "content-type": "application/json", "polar-webhook-signature": signature };
}

/** What a body of the made-up vendor is sent with. */
export function acmeHeaders(body: string, at = String(nowSeconds()), secret = SECRET) {
  const signature = createHmac("sha256", secret).update(at).update(body).digest("hex");
  return { "content-type": "application/json", "x-acme-time": at, "x-acme-signature": signature };
}
