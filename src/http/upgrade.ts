import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { Counter, Gauge, type Registry } from "prom-client";
import { GatewayError } from "../domain/errors";
import { errorBody, STATUS_OF } from "./answers";
import { endWith } from "./failures";
import { refuseHost, refuseOrigin } from "./origins";
import { type SocketParts, SubscriptionSockets } from "./sockets";
import { createSubscriptionServer, type SubscriptionMetrics, type SubscriptionParts } from "./subscriptions";

/** What WebSockets at `/graphql` are served by. `demo`: only loopback Hosts. */
export interface UpgradeParts extends Omit<SubscriptionParts, "metrics"> {
  readonly demo: boolean;
  readonly corsOrigins: readonly string[];
  readonly registry: Registry;
  readonly isDraining: () => boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  503: "Service Unavailable",
};

function checkUpgrade({ url = "", headers }: IncomingMessage, { demo, corsOrigins, isDraining }: UpgradeParts): void {
  refuseHost(headers.host, { loopbackOnly: demo });
  refuseOrigin(headers.origin, headers.host, corsOrigins);
  if (url.split("?")[0] !== "/graphql") throw new GatewayError("NOT_FOUND", "Nothing is served at this address");
  if (isDraining()) throw new GatewayError("SERVICE_DEGRADED", "The gateway is stopping");
}

function measures(registry: Registry): SubscriptionMetrics & Pick<SocketParts, "onConnection"> {
  const registers = [registry];
  const sockets = new Gauge({ name: "gateway_websockets", help: "WebSockets that are open.", registers });
  const open = new Gauge({ name: "gateway_subscriptions", help: "Subscriptions that are under way.", registers });
  const events = new Counter({
    name: "gateway_subscription_events_total",
    help: "Events that subscribers took.",
    registers,
  });
  return {
    onConnection: (change) => sockets.inc(change),
    subscription: (change) => open.inc(change),
    event: () => events.inc(),
  };
}

/** Serves subscriptions over WebSocket at `/graphql`; when the server stops, clients are told to come back. */
export function serveSubscriptions(app: FastifyInstance, parts: UpgradeParts): void {
  const { callerOf, logger, registry } = parts;
  const metrics = measures(registry);
  const protocol = createSubscriptionServer({ ...parts, metrics });
  const sockets = new SubscriptionSockets({ protocol, callerOf, logger, onConnection: metrics.onConnection });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    try {
      checkUpgrade(request, parts);
      sockets.accept(request, socket, head);
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        logger.error({ err: error }, "opening a WebSocket failed");
        return socket.destroy();
      }
      const status = STATUS_OF[error.code];
      socket.on("error", () => socket.destroy());
      endWith(socket, `${status} ${REASONS[status] ?? "Refused"}`, errorBody(error.code, error.message));
    }
  });
  app.addHook("preClose", () => sockets.close());
}
