import { z } from "zod";
import { clockSeconds } from "../../src/domain/clock";

const NAME = /^[a-z]/i;

/** A value at a wall clock's `HH:MM`; the vendor tells neither date nor offset beside it. */
export interface OnClock<T> {
  readonly clock: string;
  readonly value: T;
}

/**
 * An object from `HH:MM` to values, in the order in which it came; empty where it is absent. Names among the times are fields added later.
 * Faults name the object, never a key of it.
 */
export function clockSeries<T>(value: z.ZodType<T>): z.ZodType<readonly OnClock<T>[]> {
  return z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((series, context) => {
      const points: OnClock<T>[] = [];
      for (const [clock, raw] of Object.entries(series ?? {}).filter(([key]) => !NAME.test(key))) {
        const read = value.safeParse(raw);
        if (read.success && clockSeconds(clock) !== null) points.push({ clock, value: read.data });
        else context.addIssue({ code: "custom", message: "expected plausible values at times HH:MM" });
      }
      return points;
    });
}
