import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, handleProtocols, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { GatewayError } from "../domain/errors";
import type { Caller } from "../services/api";
import { errorBody } from "./answers";
import { endWith } from "./failures";
import { MAX_BODY_BYTES, parseJsonBody } from "./json-body";
import type { Connection } from "./subscriptions";

const KEEP_ALIVE_MS = 12_000;
/** Bytes that may wait for a client that does not read; then it is cut. */
const MAX_WAITING_BYTES = 1_000_000;
/** Milliseconds between looks whether a connection's credentials still hold; a verified key is believed for a minute at most. */
const RECHECK_MS = 5_000;
/** Milliseconds that a client has to answer that the server goes. */
const GOODBYE_MS = 2_000;
/** @see https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/** What sockets are made of. */
export interface SocketParts {
  readonly protocol: Server<Connection>;
  readonly callerOf: (rawHeaders: readonly string[]) => Promise<Caller>;
  readonly logger: Logger;
  /** One was opened (1) or closed (−1). */
  readonly onConnection: (change: 1 | -1) => void;
}

/** WebSockets that speak the subscription protocol, and how they end. */
export class SubscriptionSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_BODY_BYTES,
    perMessageDeflate: false,
    handleProtocols,
  });

  constructor(private readonly parts: SocketParts) {
    this.server.on("wsClientError", (_error, socket) =>
      endWith(socket, "400 Bad Request", errorBody("BAD_REQUEST", "The WebSocket handshake is malformed")),
    );
  }

  /** Completes a handshake that has been found good. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.server.handleUpgrade(request, socket, head, (opened) => this.opened(opened, request));
  }

  /** Tells every client to come back elsewhere, and cuts those that do not answer. */
  async close(): Promise<void> {
    const clients = [...this.server.clients];
    if (clients.length === 0) return;
    const closed = Promise.all(clients.map((client) => new Promise((resolve) => client.once("close", resolve))));
    for (const client of clients) client.close(GOING_AWAY, "Going away");
    const cut = setTimeout(() => {
      for (const client of clients) client.terminate();
    }, GOODBYE_MS);
    await closed;
    clearTimeout(cut);
  }

  private opened(socket: WebSocket, request: IncomingMessage): void {
    const { protocol, logger, onConnection } = this.parts;
    const connection: Connection = { rawHeaders: request.rawHeaders, credentials: null, caller: null };
    onConnection(1);
    // What a client does wrong on the wire; the socket closes itself.
    socket.on("error", (error) => logger.debug({ err: error }, "a WebSocket failed"));
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => send(socket, text),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (heard) =>
          socket.on("message", (data, isBinary) => void this.message(socket, data, isBinary, heard)),
      },
      connection,
    );
    const timers = [
      setInterval(keepAlive(socket), KEEP_ALIVE_MS),
      setInterval(() => this.recheck(socket, connection), RECHECK_MS),
    ];
    socket.once("close", (code, reason) => {
      for (const timer of timers) clearInterval(timer);
      onConnection(-1);
      closed(code, String(reason)).catch((error: unknown) =>
        logger.error({ err: error }, "ending subscriptions failed"),
      );
    });
  }

  private async message(
    socket: WebSocket,
    data: RawData,
    isBinary: boolean,
    heard: (text: string) => Promise<void>,
  ): Promise<void> {
    try {
      if (isBinary || !Buffer.isBuffer(data)) throw new GatewayError("BAD_REQUEST", "expected text");
      parseJsonBody(data);
      await heard(String(data));
    } catch (error) {
      if (error instanceof GatewayError && error.code === "BAD_REQUEST") {
        socket.close(CloseCode.BadRequest, "Invalid message received");
      } else if (error instanceof GatewayError && error.code === "SERVICE_DEGRADED") {
        socket.close(TRY_AGAIN_LATER, "Try again later");
      } else {
        this.parts.logger.error({ err: error }, "answering a message failed");
        socket.close(CloseCode.InternalServerError, "Internal server error");
      }
    }
  }

  /** A token that has expired, or a key that was revoked, ends its connections. */
  private recheck(socket: WebSocket, { credentials, caller }: Connection): void {
    if (!credentials || !caller) return;
    this.parts.callerOf(credentials).catch((error: unknown) => {
      const isOver = error instanceof GatewayError && error.code !== "SERVICE_DEGRADED";
      if (isOver) socket.close(CloseCode.Forbidden, "Forbidden");
      else this.parts.logger.warn({ err: error }, "checking a connection's credentials again failed");
    });
  }
}

/** Resolves when the text has left for the network: until then nothing more is read for a subscription. */
function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve();
    if (socket.bufferedAmount > MAX_WAITING_BYTES) {
      socket.terminate();
      return resolve();
    }
    // An error is told by the socket's closing.
    socket.send(text, () => resolve());
  });
}

/** A client that has not answered the last ping by the next is cut. */
function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on("pong", () => {
    alive = true;
  });
  return () => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  };
}
