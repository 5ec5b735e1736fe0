import type { Bench } from "../bench";
import type { CaseResult } from "../report";
import { coldPg } from "./cold-pg";
import { changed, executed } from "./executed";
import { warm } from "./warm";

/** The cases by name, in the order in which they run. */
export const CASES: Readonly<Record<string, (bench: Bench) => Promise<CaseResult>>> = {
  warm,
  executed,
  changed,
  "cold-pg": coldPg,
};
