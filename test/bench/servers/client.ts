import { type Dispatcher, Pool } from "undici";
import type { Load, LoadResult, Sample } from "../load";
import { percentile } from "../percentile";

const AGAIN_AFTER_MS = 10_000;

/** One request at a time on one of the pool's connections; the body is kept only where it is wanted. */
class Exchange implements Dispatcher.DispatchHandler {
  private status = 0;
  private bytes = 0;
  private readonly chunks: Buffer[] = [];

  constructor(
    private readonly keep: boolean,
    private readonly done: (status: number, bytes: number, body: string | null, error: Error | null) => void,
  ) {}

  onRequestStart(): void {
    this.bytes = 0;
  }
  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.keep || this.status !== 200) this.chunks.push(chunk);
  }
  onResponseEnd(): void {
    const body = this.chunks.length > 0 ? Buffer.concat(this.chunks).toString() : null;
    this.done(this.status, this.bytes, body, null);
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.done(0, 0, null, error);
  }
}

async function run(load: Load): Promise<LoadResult> {
  const { asks, connections, forMs, from = 0, samples: wanted = 0 } = load;
  const { origin, pathname } = new URL(load.url);
  const pool = new Pool(origin, { connections, pipelining: 1, bodyTimeout: 60_000, headersTimeout: 60_000 });
  const prepared = asks.map(({ token, body }) => ({
    path: pathname,
    method: "POST" as const,
    headers: ["authorization", `Bearer ${token}`, "content-type", "application/json", "accept", "application/json"],
    body: Buffer.from(body),
  }));
  const times: number[] = [];
  const samples: Sample[] = [];
  let [next, failures, bytes] = [0, 0, 0];
  let firstFailure: string | null = null;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const deadline = forMs === null ? Number.POSITIVE_INFINITY : begun + forMs;
  const last = load.most ?? (forMs === null ? asks.length : Number.POSITIVE_INFINITY);
  // The first answers are kept, and then ever fewer, so that those kept are spread over the run whatever its length.
  let keepAt = 0;
  const lane = (resolve: () => void): void => {
    const sentAt = performance.now();
    if (next >= last || sentAt >= deadline) {
      resolve();
      return;
    }
    const place = next++;
    const ask = (from + place) % asks.length;
    const keep = samples.length < wanted && place >= keepAt;
    if (keep) keepAt = Math.ceil(place * 1.5) + 1;
    const exchange = new Exchange(keep, (status, length, body, error) => {
      times.push(performance.now() - sentAt);
      bytes += length;
      if (status !== 200) {
        failures++;
        firstFailure ??= error ? error.message : `${status} ${body?.slice(0, 300)}`;
      } else if (keep && body !== null) samples.push({ ask, body });
      lane(resolve);
    });
    pool.dispatch(prepared[ask] as (typeof prepared)[number], exchange);
  };
  await Promise.all(Array.from({ length: connections }, () => new Promise<void>(lane)));
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  await Promise.race([pool.destroy(), new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS).unref())]);
  const sorted = Float64Array.from(times).sort();
  return {
    answers: times.length,
    perSecond: times.length / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    longest: percentile(sorted, 1),
    bytes: Math.round(bytes / Math.max(1, times.length - failures)),
    failures,
    firstFailure,
    clientCpu: (used.user + used.system) / 1e6 / seconds,
    samples,
  };
}

process.on("message", (load: Load) => {
  run(load).then(
    (result) => process.send?.(result),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
