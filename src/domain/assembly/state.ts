import type { Completeness } from "../daily";

/** What the reader knows of a day beside its records. `settled`: it was checked after it could no longer change; `dayOver`: it has ended for the wearer. */
export interface DayState {
  readonly settled: boolean;
  readonly dayOver: boolean;
}

/** IN_PROGRESS where the value still grows, else FINAL where the day is settled, else PROVISIONAL. */
export function completenessOf(state: DayState, growing: boolean): Completeness {
  if (growing) return "IN_PROGRESS";
  return state.settled ? "FINAL" : "PROVISIONAL";
}
