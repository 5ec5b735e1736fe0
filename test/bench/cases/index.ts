import type { Bench } from "../bench";
import type { CaseResult } from "../report";
import { coldPg } from "./cold-pg";
import { coldProvider } from "./cold-provider";
import { coldRedis } from "./cold-redis";
import { connections } from "./connections";
import { changed, executed } from "./executed";
import { growth } from "./growth";
import { ingest } from "./ingest";
import { mixed } from "./mixed";
import { warm } from "./warm";

/** The cases by name, in the order in which they run: those first that share a gateway, last the one that fills the database. */
export const CASES: Readonly<Record<string, (bench: Bench) => Promise<CaseResult>>> = {
  warm,
  executed,
  changed,
  "cold-redis": coldRedis,
  mixed,
  "cold-pg": coldPg,
  "cold-provider": coldProvider,
  ingest,
  connections,
  growth,
};
