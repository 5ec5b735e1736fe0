import { z } from "zod";
import { civilDayText, documentId, instantText, quantities, quantity } from "../contract";

const DAY_SECONDS = 86_400;

const sleepSeconds = quantity({ min: 0, max: DAY_SECONDS, whole: true });
/** A heart that beats has neither a rate nor a variability of 0. */
const heartRate = quantity({ min: 20, max: 250, missing: [0] });
/** Oura writes 255 where it found no lowest heart rate. */
const lowestHeartRate = quantity({ min: 20, max: 250, missing: [0, 255] });
const HRV_MILLISECONDS = { min: 1, max: 500, missing: [0] };

/** What of a sleep document says whether it counts; `type` is an open enum. */
export const sleepHead = z.object({ id: documentId, type: z.string().nullish() });

/** PublicModifiedSleepModel, as far as it is read: seconds, beats and breaths per minute, milliseconds. */
export const sleep = z.object({
  id: documentId,
  day: civilDayText,
  type: z.string().nullish(),
  bedtime_start: instantText,
  bedtime_end: instantText.nullish(),
  time_in_bed: quantity({ min: 1, max: DAY_SECONDS, whole: true, missing: [0] }),
  total_sleep_duration: sleepSeconds,
  awake_time: sleepSeconds,
  light_sleep_duration: sleepSeconds,
  deep_sleep_duration: sleepSeconds,
  rem_sleep_duration: sleepSeconds,
  latency: sleepSeconds,
  efficiency: quantity({ min: 0, max: 100 }),
  average_heart_rate: heartRate,
  lowest_heart_rate: lowestHeartRate,
  average_hrv: quantity(HRV_MILLISECONDS),
  average_breath: quantity({ min: 3, max: 60, missing: [0] }),
  sleep_phase_5_min: z.string().nullish(),
  sleep_phase_30_sec: z.string().nullish(),
  hrv: z
    .object({
      interval: quantity({ min: 1, max: 3600 }),
      items: quantities(HRV_MILLISECONDS, DAY_SECONDS).nullish(),
      timestamp: instantText.nullish(),
    })
    .nullish(),
});
