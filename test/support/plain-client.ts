import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";

/** What was sent back, byte by byte. */
export interface Sent {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Posts to `/graphql` with no more headers than have to be there, all over one connection: as an app's server does. */
export class PlainClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly port: number) {}

  post(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const length = String(Buffer.byteLength(body));
      const all = { "content-type": "application/json", "content-length": length, ...headers };
      const { port, agent } = this;
      const options = { host: "127.0.0.1", port, path: "/graphql", method: "POST", agent, headers: all };
      const sent = httpRequest(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** An answer without what is each answer's own. */
export function comparable({ status, headers, body }: Sent): unknown {
  const { date, "x-request-id": id, ...rest } = headers;
  expect(Number.isNaN(Date.parse(String(date)))).toBe(false);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  return { status, headers: rest, body: body.toString("base64") };
}
