import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import { type Delivery, type EncodedAnswer } from "./answer";

/** Waits; ends early, without an error, where the simulator stops. */
export async function wait(ms: number, stopped: AbortSignal): Promise<void> {
  if (ms <= 0 || stopped.aborted) return;
  await sleep(ms, undefined, { signal: stopped }).catch((error: unknown) => {
    if (!stopped.aborted) throw error;
  });
}

/** Sends an answer over the raw socket, the way that the delivery says. */
export async function deliver(
  reply: FastifyReply,
  answer: EncodedAnswer,
  delivery: Delivery,
  stopped: AbortSignal,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const socket = raw.socket;
  if (delivery.how === "lost" || stopped.aborted) {
    socket?.destroy();
    return;
  }
  const half = answer.bytes.subarray(0, Math.floor(answer.bytes.length / 2));
  const bytes = delivery.how === "truncated" ? half : answer.bytes;
  raw.writeHead(answer.status, { ...answer.headers, "content-length": bytes.length });
  if (delivery.how === "reset") {
    // A reset that overtakes the data would hide them: the peer must have the half before it.
    await new Promise<void>((resolve) => raw.write(half, () => resolve()));
    await wait(20, stopped);
    socket?.resetAndDestroy();
    return;
  }
  if (delivery.how === "drip") {
    for (let sent = 0; sent < bytes.length && !raw.destroyed; sent += delivery.bytes) {
      if (sent > 0) await wait(delivery.ms, stopped);
      raw.write(bytes.subarray(sent, sent + delivery.bytes));
    }
  }
  raw.end(delivery.how === "drip" ? undefined : bytes);
}
