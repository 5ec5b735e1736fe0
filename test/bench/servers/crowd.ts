import { Client, type Dispatcher } from "undici";
import type { Ask } from "../load";
import { percentile } from "../percentile";

/** Connections that stay open, each with one question every so often. Times in milliseconds. */
export interface Crowd {
  /** `http://host:port/path` */
  readonly url: string;
  /** Each connection has one of them, in turn. */
  readonly asks: readonly Ask[];
  readonly connections: number;
  readonly everyMs: number;
  /** Questions of each connection that are counted; one before, while the connections open, is not. */
  readonly questions: number;
}

/** What became of a crowd. Times in milliseconds, from the moment at which a question was due. */
export interface CrowdResult {
  readonly answers: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  /** The most connections that were open at once. */
  readonly open: number;
  /** Connections that were opened a second time because the server had closed them. */
  readonly reopened: number;
  /** Share of one core that the client itself took. */
  readonly clientCpu: number;
}

async function run({ url, asks, connections, everyMs, questions }: Crowd): Promise<CrowdResult> {
  const { origin, pathname } = new URL(url);
  const times: number[] = [];
  let [failures, open, most, connected] = [0, 0, 0, 0];
  let firstFailure: string | null = null;
  const failed = (reason: string) => {
    failures++;
    firstFailure ??= reason;
  };
  const ask = (client: Client, request: Dispatcher.DispatchOptions, dueAt: number, counts: boolean) =>
    new Promise<void>((resolve) => {
      let status = 0;
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart() {
          status = 0;
        },
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData() {
          // The bytes are of no use here: what is answered is checked beside.
        },
        onResponseEnd() {
          if (status !== 200) failed(`status ${status}`);
          if (counts) times.push(performance.now() - dueAt);
          resolve();
        },
        onResponseError(_controller, error) {
          failed(error.message);
          resolve();
        },
      };
      client.dispatch(request, handler);
    });
  const begun = performance.now() + 500;
  const cpu = process.cpuUsage();
  const member = async (place: number): Promise<void> => {
    const { token, body } = asks[place % asks.length] as Ask;
    const headers = [
      "authorization",
      `Bearer ${token}`,
      "content-type",
      "application/json",
      "accept",
      "application/json",
    ];
    const request = { path: pathname, method: "POST" as const, headers, body };
    const client = new Client(origin, { pipelining: 1, keepAliveTimeout: 120_000, headersTimeout: 30_000 });
    client.on("connect", () => {
      connected++;
      most = Math.max(most, ++open);
    });
    client.on("disconnect", () => open--);
    for (let turn = 0; turn <= questions; turn++) {
      const dueAt = begun + everyMs * (turn + place / connections);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
      await ask(client, request, dueAt, turn > 0);
    }
    await client.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, place) => member(place)));
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  const sorted = Float64Array.from(times).sort();
  return {
    answers: times.length,
    perSecond: times.length / ((everyMs * questions) / 1_000),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    longest: percentile(sorted, 1),
    failures,
    firstFailure,
    open: most,
    reopened: connected - connections,
    clientCpu: (used.user + used.system) / 1e6 / seconds,
  };
}

process.on("message", (crowd: Crowd) => {
  run(crowd).then(
    (result) => process.send?.(result),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
