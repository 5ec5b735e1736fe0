import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server that can be taken away. */
export interface TcpProxy {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  /** Takes bytes and passes none on, in either direction; connections stay open. */
  freeze(): void;
  /** Lets everything pass again; frozen connections go on. */
  mend(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let state: "open" | "frozen" | "cut" = "open";
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    if (state === "cut") return from.resetAndDestroy();
    const to = connect(target);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on("data", (data) => other.write(data));
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      if (state === "frozen") one.pause();
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = "cut";
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze: () => {
      state = "frozen";
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      state = "open";
      for (const socket of sockets) socket.resume();
    },
    stop: async () => {
      state = "cut";
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
