import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayProcess } from "../support/gateway-process";
import { type Executor, Peers } from "./contestants";
import type { Pin } from "./machine";
import type { Scale } from "./options";
import { makePeople, type People } from "./people";
import { type Stores, World } from "./world";

/** What every case is given. */
export interface Bench {
  readonly scale: Scale;
  readonly world: World;
  readonly people: People;
  readonly peers: Peers;
  /** The gateway that runs, whose code is warm; where it is pinned otherwise, another one in its place. */
  gateway(pin: Pin | "same"): Promise<GatewayProcess>;
  /** A gateway process that has answered nothing yet, in place of the one before; `caches`: false for one with its caches off. */
  freshGateway(pin: Pin, caches?: boolean): Promise<GatewayProcess>;
  close(): Promise<void>;
}

/** What a run is opened with. */
export interface BenchOptions {
  readonly scale: Scale;
  /** The executors that are measured beside the gateway. */
  readonly executors: readonly Executor[];
  /** Null, or why others are left out. */
  readonly peersMissing: string | null;
  /** A folder for a CPU profile of each gateway. */
  readonly profile?: string | null;
}

/** Fills the stores with people and gives the cases what they need. */
export async function openBench(
  stores: Stores,
  { scale, executors, peersMissing, profile = null }: BenchOptions,
): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), "gateway-bench-files-"));
  const world = await World.open(stores);
  let current: { gateway: GatewayProcess; pin: Pin; caches: boolean } | null = null;
  const freshGateway = async (asked: Pin, caches = true) => {
    const pin = scale.pinned ? asked : "free";
    await current?.gateway.stop();
    current = { gateway: await world.gateway({ pin, profile, caches }), pin, caches };
    return current.gateway;
  };
  const close = async () => {
    await world.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const people = await makePeople(world, await freshGateway("free"), {
      origins: scale.origins,
      count: scale.people,
      days: scale.days,
    });
    return {
      scale,
      world,
      people,
      peers: new Peers(world, directory, executors, peersMissing),
      gateway: async (pin) => {
        if (current && pin === "same") return current.gateway;
        if (current?.caches && (pin === current.pin || !scale.pinned)) return current.gateway;
        return freshGateway(pin === "same" ? "free" : pin);
      },
      freshGateway,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
