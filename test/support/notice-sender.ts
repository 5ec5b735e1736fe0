import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Notice, TellingVendor } from "./telling-vendor";

/** Milliseconds after which a vendor gives up waiting for an answer. */
const TIMEOUT_MS = 10_000;
/** Milliseconds before a notice that was not taken is sent again, twice as long each time up to the longest; vendors take minutes. */
const AGAIN_MS = { first: 100, longest: 1_000 };

/** Sends notices as the vendor does: each until it is acknowledged, whether the gateway lives or not. */
export class NoticeSender {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 128 });
  /** Attempts that were answered by a refusal, by status, and under 0 those without any answer. */
  readonly failures = new Map<number, number>();

  constructor(
    private readonly vendor: TellingVendor,
    private readonly port: number,
  ) {}

  /** Resolves once the notice is acknowledged; rejects where it is refused for good. */
  async deliver(notice: Notice): Promise<void> {
    for (let pause = AGAIN_MS.first; ; pause = Math.min(2 * pause, AGAIN_MS.longest)) {
      const status = await this.post(notice);
      if (status >= 200 && status < 300) return;
      this.failures.set(status, (this.failures.get(status) ?? 0) + 1);
      if (status >= 400 && status < 500) throw new Error(`a notice was refused with ${status}`);
      await sleep(pause);
    }
  }

  /** One attempt; the status of the answer, 0 where none came. */
  post(notice: Notice): Promise<number> {
    const { promise, resolve } = withResolvers<number>();
    const options = {
      ...{ host: "127.0.0.1", port: this.port, path: "/webhooks/oura", method: "POST", agent: this.agent },
      headers: { ...this.vendor.headersOf(notice), "content-length": Buffer.byteLength(notice.body) },
      timeout: TIMEOUT_MS,
    };
    const sending = request(options, (answer) => {
      answer.on("error", () => resolve(0));
      answer.on("end", () => resolve(answer.statusCode ?? 0));
      answer.resume();
    });
    sending.on("timeout", () => sending.destroy());
    sending.on("error", () => resolve(0));
    sending.on("close", () => resolve(0));
    sending.end(notice.body);
    return promise;
  }

  close(): void {
    this.agent.destroy();
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
