import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { oura } from "../../../providers/oura";
import { startSimulator } from "../../../src/simulator";

const CLIENT_SECRET = "the benchmark's client";

/** Milliseconds that the provider took for each data request, from its arrival to the last byte of the answer. */
let pages: number[] = [];

/** A simulated cloud behind a door that times it: by GET `/__pages` it tells the times of the pages since the last look. */
async function main(): Promise<void> {
  const simulator = await startSimulator({ provider: oura, clientId: "gateway", clientSecret: CLIENT_SECRET });
  const inner = new URL(simulator.origin);
  const door = createServer((incoming, answer) => {
    const begun = performance.now();
    if (incoming.url === "/__pages") {
      answer.end(JSON.stringify(pages));
      pages = [];
      return;
    }
    const { method, url = "/", headers } = incoming;
    const through = request({ host: inner.hostname, port: inner.port, method, path: url, headers }, (inside) => {
      answer.writeHead(inside.statusCode ?? 502, inside.headers);
      inside.pipe(answer);
      if (url.startsWith("/v2/")) answer.on("finish", () => pages.push(performance.now() - begun));
    });
    through.on("error", () => answer.destroy());
    incoming.pipe(through);
  });
  door.listen(0, "127.0.0.1", () => {
    const origin = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    // People link at the simulator itself: its addresses are absolute.
    const { authorizeUrl, tokenUrl, revokeUrl } = simulator;
    const hello = {
      origin,
      simulator: simulator.origin,
      authorizeUrl,
      tokenUrl,
      revokeUrl,
      clientSecret: CLIENT_SECRET,
    };
    process.stdout.write(`${JSON.stringify(hello)}\n`);
  });
}

void main();
