import type { SleepSessionDay, SleepSessionType } from "../daily";
import { epochSeconds } from "../instants";
import { ascending, inTurn, reversed } from "../order";
import type { KeptRecord } from "../records";
import { firstOf, type Kept, ofKind } from "./kept";

/** A day's sleep sessions by start, and which of the nights is its main one (null: there is no night). */
export interface Sessions {
  readonly all: readonly Kept<"sleep_session">[];
  readonly main: Kept<"sleep_session"> | null;
  /** Whether a night has no end yet: then the day's sleep still grows, and another night may become the main one. */
  readonly nightLasts: boolean;
}

const BY_START = inTurn<Kept<"sleep_session">>(
  ascending((kept) => epochSeconds(kept.record.start)),
  ascending((kept) => kept.record.key),
  ascending((kept) => kept.endpoint),
);

const MAIN_FIRST = inTurn<Kept<"sleep_session">>(
  reversed(ascending((kept) => kept.record.asleepSeconds ?? -1)),
  reversed(ascending((kept) => kept.record.inBedSeconds ?? -1)),
  BY_START,
);

/** The main one of a day's nights; undefined where there is none. */
function mainOf(records: readonly KeptRecord[]): Kept<"sleep_session"> | undefined {
  return firstOf(records, "sleep_session", MAIN_FIRST, isNight);
}

function isNight({ record }: Kept<"sleep_session">): boolean {
  return record.nature === "night";
}

/** The sessions among a day's records. Main is the night with the most sleep (untold counts least), then the longer in bed, then the earlier. */
export function sessionsOf(records: readonly KeptRecord[]): Sessions {
  const all = ofKind(records, "sleep_session");
  if (all.length > 1) all.sort(BY_START);
  return { all, main: mainOf(all) ?? null, nightLasts: all.some((kept) => isNight(kept) && kept.record.end === null) };
}

function typeOf(kept: Kept<"sleep_session">, main: Sessions["main"]): SleepSessionType {
  if (kept === main) return "MAIN";
  return kept.record.nature === "night" ? "SECONDARY" : "NAP";
}

/** The sessions as a day of sleep shows them, by start. */
export function sessionDays({ all, main }: Sessions): readonly SleepSessionDay[] {
  return all.map((kept) => ({
    sessionType: typeOf(kept, main),
    start: kept.record.start,
    end: kept.record.end,
    inBedSeconds: kept.record.inBedSeconds,
    asleepSeconds: kept.record.asleepSeconds,
    awakeSeconds: kept.record.awakeSeconds,
    lightSeconds: kept.record.lightSeconds,
    deepSeconds: kept.record.deepSeconds,
    remSeconds: kept.record.remSeconds,
    stages: kept.record.stages,
  }));
}
