import type { FastifyInstance } from "fastify";

/** Something that the gateway stands on. `required`: without it nothing can be answered. `check` rejects where it is out of reach. */
export interface Probe {
  readonly name: string;
  readonly required: boolean;
  check(): Promise<void>;
}

const PROBE_TIMEOUT_MS = 2000;

async function holds(probe: Probe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PROBE_TIMEOUT_MS, false);
  });
  try {
    return await Promise.race([probe.check().then(() => true), timeout]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `/healthz`: the process lives. `/readyz`: 200 while every required probe holds and the server is not stopping, else 503; a failing
 * probe that is not required makes it `degraded`.
 */
export function serveHealth(app: FastifyInstance, probes: readonly Probe[], isDraining: () => boolean): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const held = await Promise.all(probes.map(holds));
    const failing = probes.filter((_, index) => !held[index]);
    const ready = !isDraining() && failing.every(({ required }) => !required);
    const status = isDraining() ? "stopping" : !ready ? "unavailable" : failing.length > 0 ? "degraded" : "ok";
    const checks = Object.fromEntries(probes.map(({ name }, index) => [name, held[index] ? "ok" : "failing"]));
    return reply.code(ready ? 200 : 503).send({ status, checks });
  });
}
