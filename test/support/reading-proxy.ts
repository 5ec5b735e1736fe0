import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server: it can refuse connections, freeze, and come back on the same port. */
export interface TcpProxy {
  /** The address of the server, by way of the proxy. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  refuse(): void;
  /** Takes connections again. */
  restore(): void;
  close(): Promise<void>;
}

/** Starts a proxy for the server of an address such as `postgres://…`. */
export async function startProxy(target: string): Promise<TcpProxy> {
  const to = new URL(target);
  const open = new Set<Socket>();
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: url.href,
    refuse() {
      refusing = true;
      cut();
    },
    restore() {
      refusing = false;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
