import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { oura } from "../../../providers/oura";
import { startSimulator } from "../../../src/simulator";

const CLIENT_SECRET = "the benchmark's client";

/** A page of the provider, and the milliseconds from the arrival of its request to the last byte of its answer. */
export interface Page {
  readonly path: string;
  readonly ms: number;
}

interface Kept {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/**
 * A simulated cloud behind a door that times it: GET `/__pages` tells the pages since the last look; after POST `/__kept` with `true`
 * a page that was asked for before, by whomever, is answered at once.
 */
async function main(): Promise<void> {
  const simulator = await startSimulator({ provider: oura, clientId: "gateway", clientSecret: CLIENT_SECRET });
  const inner = new URL(simulator.origin);
  let pages: Page[] = [];
  let kept: Map<string, Kept> | null = null;

  const fetched = async (incoming: IncomingMessage): Promise<Kept> => {
    const { method, url = "/", headers } = incoming;
    const sent = await buffer(incoming);
    return new Promise((resolve, reject) => {
      const through = request({ host: inner.hostname, port: inner.port, method, path: url, headers }, (inside) => {
        buffer(inside).then(
          (body) => resolve({ status: inside.statusCode ?? 502, headers: inside.headers, body }),
          reject,
        );
      });
      through.on("error", reject);
      through.end(sent);
    });
  };
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const begun = performance.now();
    const { url = "/" } = incoming;
    if (url === "/__pages") {
      response.end(JSON.stringify(pages));
      pages = [];
      return;
    }
    if (url === "/__kept") {
      kept = String(await buffer(incoming)) === "true" ? new Map() : null;
      response.end();
      return;
    }
    const isPage = url.startsWith("/v2/");
    const ready = isPage ? kept?.get(url) : undefined;
    const { status, headers, body } = ready ?? (await fetched(incoming));
    if (isPage && status === 200) kept?.set(url, { status, headers, body });
    response.writeHead(status, headers);
    if (isPage) {
      response.on("finish", () => pages.push({ path: url.split("?")[0] ?? url, ms: performance.now() - begun }));
    }
    response.end(body);
  };
  const door = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  door.listen(0, "127.0.0.1", () => {
    const origin = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    // People link at the simulator itself: its addresses are absolute.
    const { authorizeUrl, tokenUrl, revokeUrl } = simulator;
    const hello = { origin, authorizeUrl, tokenUrl, revokeUrl, clientSecret: CLIENT_SECRET };
    process.stdout.write(`${JSON.stringify(hello)}\n`);
  });
}

void main();
