import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A vendor's token endpoint at its strictest: refresh tokens are single-use, and one that comes twice kills the grant. */
export class TokenServer {
  /** Exchanges that were asked for, by account. */
  readonly calls = new Map<string, number>();
  /** Accounts whose grant was killed by a token that came twice. */
  readonly killed = new Set<string>();
  /** Milliseconds that an answer takes. */
  latencyMs = 20;
  /** Whether answers are lost: the exchange is done, then the connection breaks. */
  losesAnswers = false;
  /** Whether a token that was spent is good for another exchange, as at vendors that allow for answers that are lost. */
  forgiving = false;
  private readonly valid = new Map<string, string>();
  private readonly spent = new Map<string, string>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const answer = this.exchange(new URLSearchParams(Buffer.concat(chunks).toString()).get("refresh_token") ?? "");
        setTimeout(() => {
          if (this.losesAnswers) return request.socket.destroy();
          response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
        }, this.latencyMs);
      });
    });
  }

  /** Starts it on a free loopback port. */
  static async start(): Promise<TokenServer> {
    const started = new TokenServer();
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  /** Address of the token endpoint. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
  }

  /** A refresh token for an account. */
  issue(account: string): string {
    const token = `refresh-${randomBytes(12).toString("hex")}`;
    this.valid.set(token, account);
    return token;
  }

  /** Ends it, open connections included. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private exchange(token: string): { status: number; body: unknown } {
    const owner = this.valid.get(token) ?? this.spent.get(token);
    if (owner !== undefined) this.calls.set(owner, (this.calls.get(owner) ?? 0) + 1);
    if (owner === undefined || (this.spent.has(token) && !this.forgiving) || this.killed.has(owner)) {
      if (owner !== undefined) this.killed.add(owner);
      return { status: 400, body: { error: "invalid_grant" } };
    }
    this.valid.delete(token);
    this.spent.set(token, owner);
    const access_token = `access-${randomBytes(12).toString("hex")}`;
    return {
      status: 200,
      body: { access_token, token_type: "bearer", expires_in: 86_400, refresh_token: this.issue(owner) },
    };
  }
}
