import { z } from "zod";
import { civilDayText, instantText, quantity } from "../contract";
import { clockSeries } from "./wire-clock";

const sleepSeconds = quantity({ min: 0, max: 86_400, whole: true });
/** Polar's scores of sleep and of its three groups are from 1 to 100: 0 and −1 are none. */
const score = quantity({ min: 1, max: 100, missing: [0, -1] });

/** A night (`sleep`), as far as it is read: seconds, scores from 1 to 100, and codes of the hypnogram by wall clock. */
export const night = z
  .object({
    date: civilDayText,
    sleep_start_time: instantText,
    sleep_end_time: instantText,
    light_sleep: sleepSeconds,
    deep_sleep: sleepSeconds,
    rem_sleep: sleepSeconds,
    unrecognized_sleep_stage: sleepSeconds,
    total_interruption_duration: sleepSeconds,
    sleep_score: score,
    group_duration_score: score,
    group_solidity_score: score,
    group_regeneration_score: score,
    hypnogram: clockSeries(quantity({ min: -1000, max: 1000 })),
  })
  .transform(({ date, ...rest }) => ({ day: date, ...rest }));
