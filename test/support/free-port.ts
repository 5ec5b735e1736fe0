import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that Linux hands out by itself (32768 to 60999): nobody's connection or `listen(0)` gets one of these meanwhile. */
const FIRST = 12_000;
/** Every worker of jest has ports of its own. */
const WORKERS = 8;
const PORTS_EACH = 2_500;

const first = FIRST + (Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS) * PORTS_EACH;
let next = Math.floor(Math.random() * PORTS_EACH);

/** A port of 127.0.0.1 that nobody listens on, and that nobody else is given; it can be used again and again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % PORTS_EACH);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  await new Promise((done) => server.close(done));
  return true;
}
