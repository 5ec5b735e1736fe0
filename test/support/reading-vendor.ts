import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AcmeDocument } from "./reading-acme";

/** A request that reached the made-up vendor. `endpoint`: for a single document with a slash and its id behind. */
export interface Call {
  readonly endpoint: string;
  readonly accountId: string;
  readonly token: string;
  readonly from: string;
  readonly to: string;
  readonly cursor: string | null;
}

/** What a test makes the vendor do instead of answering well. `afterMs`: how long it takes first. */
export type Behaviour =
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly body: string | Buffer;
      readonly afterMs?: number;
    }
  | { readonly afterMs: number }
  | "reset"
  | "silence"
  | "cut";

/** The documents of one account by endpoint, changed by tests as the vendor's would. */
export class AcmeData {
  private readonly byEndpoint = new Map<string, AcmeDocument[]>();

  of(endpoint: string): readonly AcmeDocument[] {
    return this.byEndpoint.get(endpoint) ?? [];
  }

  /** Adds documents, or revises those with the same id. */
  put(endpoint: string, ...documents: readonly AcmeDocument[]): void {
    const ids = new Set(documents.map((one) => one.id));
    this.byEndpoint.set(endpoint, [...this.of(endpoint).filter((one) => !ids.has(one.id)), ...documents]);
  }

  remove(endpoint: string, id: string): void {
    this.byEndpoint.set(
      endpoint,
      this.of(endpoint).filter((one) => one.id !== id),
    );
  }

  /** One document a day in every endpoint (a night, and where `nap` says so a nap, in sleep); values tell the days apart. */
  fill(days: readonly string[], value = (index: number) => index + 1): void {
    for (const [index, day] of days.entries()) {
      for (const endpoint of ["daily_score", "readiness", "activity"]) {
        this.put(endpoint, { id: `${endpoint}-${day}`, day, value: value(index) });
      }
      this.put("sleep", night(day, value(index)));
    }
  }
}

/** A night from 23:00 the evening before until 07:00 of its day, UTC. */
export function night(day: string, value: unknown, id = `night-${day}`): AcmeDocument {
  const evening = new Date(Date.parse(`${day}T00:00:00Z`) - 3_600_000).toISOString().slice(0, 19);
  return { id, day, value, bedtime: `${evening}+00:00`, wake: `${day}T07:00:00+00:00` };
}

/** The made-up vendor's API as a real server on loopback, with a log of the calls and behaviour by script. */
export class AcmeServer {
  readonly calls: Call[] = [];
  /** Documents per page. */
  pageSize = 1_000;
  /** What happens instead of a good answer; undefined: a good answer. */
  script: (call: Call) => Behaviour | undefined = () => undefined;
  private readonly data = new Map<string, AcmeData>();
  private readonly server = createServer((request, response) => void this.handle(request, response));

  static async start(): Promise<AcmeServer> {
    const vendor = new AcmeServer();
    await new Promise<void>((resolve) => vendor.server.listen(0, "127.0.0.1", resolve));
    return vendor;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  dataOf(accountId: string): AcmeData {
    const data = this.data.get(accountId) ?? new AcmeData();
    this.data.set(accountId, data);
    return data;
  }

  /** How often each endpoint was called since the last {@link forget}. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { endpoint } of this.calls) counts[endpoint] = (counts[endpoint] ?? 0) + 1;
    return counts;
  }

  /** Forgets the calls and the script. */
  forget(): void {
    this.calls.length = 0;
    this.pageSize = 1_000;
    this.script = () => undefined;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The good answer to a call. */
  page(call: Call): { items: readonly AcmeDocument[]; next: string | null } {
    const instant = (one: AcmeDocument) => (one.bedtime ?? one.day).slice(0, 10);
    const all = this.dataOf(call.accountId)
      .of(call.endpoint)
      .filter((one) => call.from <= instant(one) && instant(one) <= call.to)
      .sort((a, b) => (`${a.day}${a.id}` < `${b.day}${b.id}` ? -1 : 1));
    const offset = Number(call.cursor ?? "0");
    const next = offset + this.pageSize < all.length ? String(offset + this.pageSize) : null;
    return { items: all.slice(offset, offset + this.pageSize), next };
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://vendor");
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const call: Call = {
      endpoint: url.pathname.replace("/v1/", ""),
      accountId: token.split(".")[0] ?? "",
      token,
      from: url.searchParams.get("from") ?? "",
      to: url.searchParams.get("to") ?? "",
      cursor: url.searchParams.get("cursor"),
    };
    this.calls.push(call);
    const [endpoint = "", id] = call.endpoint.split("/");
    const single =
      id === undefined
        ? null
        : this.dataOf(call.accountId)
            .of(endpoint)
            .find((one) => one.id === id);
    const behaviour = this.script(call) ?? (single === undefined ? { status: 404, body: "{}" } : undefined);
    if (behaviour === "silence") return;
    if (behaviour === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    const good = JSON.stringify(single ?? this.page(call));
    if (behaviour === "cut") {
      response.writeHead(200, { "content-type": "application/json", "content-length": good.length + 100 });
      response.write(good.slice(0, 20), () => setTimeout(() => request.socket.destroy(), 20));
      return;
    }
    if (behaviour?.afterMs) await new Promise((resolve) => setTimeout(resolve, behaviour.afterMs));
    const answer = behaviour && "body" in behaviour ? behaviour : { body: good };
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(answer.body);
  }
}
