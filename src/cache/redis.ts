import Redis from "ioredis";
import type { Bell, Cache, CellEntries, CellsKey } from "../services/ports/cache";
import { LocalBell } from "./memory";

/** After so many looks, milliseconds apart, at which nothing had come, a command counts as failed: a slow cache is worse than none. */
const LOOKS = 5;
const LOOK_EVERY_MS = 10;
/** After so many failures in a row Redis is left alone for a while (milliseconds). */
const FAILURES_BEFORE_REST = 3;
const REST_MS = 1_000;
const CELLS_KEPT_SECONDS = 6 * 3_600;
const CHANNEL = "gateway:bell";
const PREFIX = "gateway";
/** Who rings, for what, and with which message, by line. */
const RING = /^([^\n]+)\n([^\n]+)\n(.*)$/s;

/** One connection to Redis whose failures are answered at once and told to `onFault`. */
export class RedisLink {
  readonly client: Redis;
  private failures = 0;
  private restUntil = 0;

  constructor(
    url: string,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.client = connection(url);
    this.client.on("error", (error) => this.failed(error));
  }

  /** Runs a command; the fallback where Redis is away, slow or resting. */
  async attempt<T>(work: (client: Redis) => Promise<T>, fallback: T): Promise<T> {
    if (performance.now() < this.restUntil || this.client.status !== "ready") return fallback;
    try {
      const value = await this.unlessSilent(work(this.client));
      this.failures = 0;
      return value;
    } catch (error) {
      this.failed(error);
      return fallback;
    }
  }

  /** Whether Redis answers now. */
  async reachable(): Promise<boolean> {
    return this.attempt(async (client) => (await client.ping()) === "PONG", false);
  }

  /**
   * Fails where Redis has fallen silent. ioredis's own commandTimeout goes by the clock alone: in a busy process it fires before the
   * answer that has long arrived is read, and the cache is given up just when it is needed most. A look waits for what is to be read.
   */
  private unlessSilent<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let [heard, silent, answered] = [this.client.stream.bytesRead, 0, false];
      const look = (): void => {
        if (answered) return;
        const { bytesRead } = this.client.stream;
        silent = bytesRead === heard ? silent + 1 : 1;
        heard = bytesRead;
        if (silent >= LOOKS) reject(new Error(`expected Redis to answer within ${LOOKS * LOOK_EVERY_MS} ms`));
        else timer = setTimeout(() => setImmediate(look), LOOK_EVERY_MS);
      };
      let timer = setTimeout(() => setImmediate(look), LOOK_EVERY_MS);
      const end = () => {
        answered = true;
        clearTimeout(timer);
      };
      answer.then(resolve, reject).finally(end);
    });
  }

  private failed(error: unknown): void {
    this.failures += 1;
    if (this.failures < FAILURES_BEFORE_REST) return;
    if (performance.now() >= this.restUntil) this.onFault(error);
    this.restUntil = performance.now() + REST_MS;
    // After the rest one failure more is enough.
    this.failures = FAILURES_BEFORE_REST - 1;
  }
}

/** A connection that never queues while Redis is away and tries again for ever. */
function connection(url: string): Redis {
  return new Redis(url, {
    connectTimeout: 1_000,
    disconnectTimeout: 200,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1_000),
  });
}

/** Cells as Redis hashes, one per account and metric; a person's keys share a hash tag. */
export class RedisCache implements Cache {
  constructor(private readonly link: RedisLink) {}

  /** @inheritdoc */
  async cells(wanted: readonly { key: CellsKey; days: readonly string[] }[]): Promise<(string | null)[][]> {
    const nothing = wanted.map(({ days }) => days.map(() => null));
    return this.link.attempt<(string | null)[][]>(async (client) => {
      const commands = client.pipeline();
      for (const { key, days } of wanted) if (days.length > 0) commands.hmget(cellsName(key), ...days);
      const found = ((await commands.exec()) ?? []).map(([error, cells]) => {
        if (error) throw error;
        return cells as (string | null)[];
      });
      return wanted.map(({ days }) => (days.length > 0 ? (found.shift() ?? []) : []));
    }, nothing);
  }

  /** @inheritdoc */
  async putCells(entries: readonly CellEntries[]): Promise<void> {
    const filled = entries.filter(({ cells }) => cells.size > 0);
    if (filled.length === 0) return;
    await this.link.attempt(async (client) => {
      const transaction = client.multi();
      for (const { key, cells } of filled) {
        const name = cellsName(key);
        transaction.hset(name, new Map(cells)).expire(name, CELLS_KEPT_SECONDS);
      }
      await transaction.exec();
    }, undefined);
  }

  /** @inheritdoc */
  async value(personId: string, name: string): Promise<string | null> {
    return this.link.attempt<string | null>((client) => client.get(`${PREFIX}:{${personId}}:${name}`), null);
  }

  /** @inheritdoc */
  async putValue(personId: string, name: string, value: string, seconds: number): Promise<void> {
    await this.link.attempt(async (client) => {
      await client.set(`${PREFIX}:{${personId}}:${name}`, value, "EX", seconds);
    }, undefined);
  }
}

/** Rings in every process over pub/sub; in this one at once, Redis or not. */
export class RedisBell implements Bell {
  private readonly local = new LocalBell();
  private readonly subscriber: Redis;
  private readonly self = `${process.pid}-${performance.timeOrigin}-${Math.random()}`;

  constructor(
    private readonly link: RedisLink,
    url: string,
    onFault: (error: unknown) => void,
  ) {
    this.subscriber = connection(url);
    this.subscriber.on("error", onFault);
    this.subscriber.on("ready", () => this.subscriber.subscribe(CHANNEL).catch(onFault));
    this.subscriber.on("message", (_channel, text) => this.heard(text));
  }

  /** @inheritdoc */
  ring(topic: string, message: string): void {
    this.local.ring(topic, message);
    void this.link.attempt((client) => client.publish(CHANNEL, `${this.self}\n${topic}\n${message}`), 0);
  }

  /** @inheritdoc */
  listen(topic: string, heard: (message: string) => void): () => void {
    return this.local.listen(topic, heard);
  }

  /** Ends the subscription. */
  close(): void {
    this.subscriber.disconnect();
  }

  private heard(text: string): void {
    const [, self, topic, message] = RING.exec(text) ?? [];
    if (self === undefined || topic === undefined || message === undefined || self === this.self) return;
    this.local.ring(topic, message);
  }
}

function cellsName(key: CellsKey): string {
  return `${PREFIX}:{${key.personId}}:cells:${key.accountId}:${key.metric}`;
}
