import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

/** How a consumer behaves: accepts, answers 500, answers 503, falls silent, or is not there at all. */
export type Mood = "fine" | "failing" | "overloaded" | "silent" | "gone";

interface Message {
  readonly id: string;
  readonly body: string;
}

/** A back end that keeps what it accepted, and fails as it is told to. */
export class Consumer {
  /** What was accepted, as often as it was, in the order in which it came. */
  readonly accepted: Message[] = [];
  /** By id, the bodies that came, accepted or not. */
  readonly bodies = new Map<string, Set<string>>();
  refused = 0;
  /** Messages that the reference library does not believe. */
  forged = 0;
  private mood: Mood = "fine";
  private server: Server | null = null;
  private port = 0;
  private verifier: Webhook | null = null;

  /** Where it takes webhooks, by the name localhost. */
  get url(): string {
    return `http://localhost:${this.port}/hook`;
  }

  /** Begins to listen, at the port of before if there was one. */
  async listen(): Promise<void> {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      // A sender that was killed on the way: nothing came.
      const whole = await (async () => {
        for await (const chunk of request) chunks.push(chunk as Buffer);
        return true;
      })().catch(() => false);
      if (!whole || this.mood === "silent") return;
      await sleep(20);
      const message = { id: String(request.headers["webhook-id"]), body: Buffer.concat(chunks).toString() };
      const takes = this.mood === "fine";
      this.came(message, request.headers as Record<string, string>, takes);
      response.writeHead(takes ? 204 : this.mood === "overloaded" ? 503 : 500, { "retry-after": "1" }).end();
    });
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Believes what this secret signs. */
  believe(secret: string): void {
    this.verifier = new Webhook(secret);
  }

  /** Behaves so from now on. */
  async behave(mood: Mood): Promise<void> {
    this.mood = mood;
    if (mood === "gone") await this.close();
    else if (!this.server) await this.listen();
  }

  /** Listens no more. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.closeAllConnections();
    if (server) await new Promise((done) => server.close(done));
  }

  private came(message: Message, headers: Record<string, string>, takes: boolean): void {
    this.bodies.set(message.id, (this.bodies.get(message.id) ?? new Set()).add(message.body));
    try {
      this.verifier?.verify(message.body, headers);
    } catch {
      this.forged += 1;
    }
    if (takes) this.accepted.push(message);
    else this.refused += 1;
  }
}
