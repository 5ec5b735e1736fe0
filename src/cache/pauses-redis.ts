import type Redis from "ioredis";
import { Gathered } from "../domain/gathered";
import type { Bell, Pauses } from "../services/ports/cache";
import { LocalPauses } from "./memory";
import type { RedisLink } from "./redis";

const PREFIX = "gateway:pause";
/** Rung for every pause, with when it ends and for whom. */
const TOPIC = "pause of database";
const MESSAGE = /^(\d+(?:\.\d+)?) (.+)$/s;
/** Milliseconds between two times at which Redis is told again what it may have lost. */
const TELL_EVERY_MS = 500;
/** Of two pauses the longer holds. */
const LENGTHEN = `
if tonumber(redis.call("GET", KEYS[1]) or "0") < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2]) end`;

/**
 * Pauses shared by all processes: told to those that run, and kept in Redis for those to come. Every process keeps what it was told,
 * obeys it without Redis, and tells a Redis that has lost it again.
 */
export class RedisPauses implements Pauses {
  private readonly local = new LocalPauses();
  /** The endpoints that a question needs ask at one moment: answered together, they go on together. */
  private readonly looks = new Gathered<readonly string[], number | null>(async (asks) => {
    const until = await this.look(asks[0]);
    return asks.map(() => until);
  });
  private readonly telling: NodeJS.Timeout;
  private readonly deaf: () => void;
  private readonly topic: string;

  /** `now`: epoch seconds. */
  constructor(
    private readonly link: RedisLink,
    private readonly bell: Bell,
    private readonly now: () => number,
  ) {
    // A ring is heard in all databases of a server.
    this.topic = `${TOPIC} ${link.client.options.db ?? 0}`;
    this.telling = setInterval(() => void this.tellAgain(), TELL_EVERY_MS);
    this.telling.unref();
    this.deaf = bell.listen(this.topic, (message) => {
      const [, end, key] = MESSAGE.exec(message) ?? [];
      if (key !== undefined) void this.local.pause(key, Number(end));
    });
  }

  /** @inheritdoc */
  until(keys: readonly string[]): Promise<number | null> {
    return this.looks.ask(keys.join(" "), keys);
  }

  private async look(keys: readonly string[]): Promise<number | null> {
    const shared = await this.link.attempt((client) => client.mget(keys.map(nameOf)), []);
    for (const [index, key] of keys.entries()) {
      const end = shared[index] ?? null;
      if (end !== null) await this.local.pause(key, Number(end));
    }
    return this.local.until(keys);
  }

  /** @inheritdoc */
  async pause(key: string, untilEpochSeconds: number): Promise<void> {
    await this.local.pause(key, untilEpochSeconds);
    this.bell.ring(this.topic, `${untilEpochSeconds} ${key}`);
    await this.link.attempt((client) => this.tell(client, key, untilEpochSeconds), undefined);
  }

  /** Tells Redis nothing more, and hears nothing more. */
  close(): void {
    clearInterval(this.telling);
    this.deaf();
  }

  private async tellAgain(): Promise<void> {
    const lasting = this.local.after(this.now());
    if (lasting.length === 0) return;
    await this.link.attempt(async (client) => {
      const known = await client.mget(lasting.map(([key]) => nameOf(key)));
      const lost = lasting.filter(([, end], index) => Number(known[index] ?? 0) < end);
      await Promise.all(lost.map(([key, end]) => this.tell(client, key, end)));
    }, undefined);
  }

  private async tell(client: Redis, key: string, end: number): Promise<void> {
    const seconds = Math.ceil(end - this.now());
    if (seconds > 0) await client.eval(LENGTHEN, 1, nameOf(key), end, seconds);
  }
}

function nameOf(key: string): string {
  return `${PREFIX}:${key}`;
}
