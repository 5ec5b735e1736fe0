/** Fields of a sleep summary; what is not asked for does not come. `rmssd` and `sdnn_1` are in no description of this call. */
export const SLEEP_FIELDS = [
  "total_timeinbed",
  "total_sleep_time",
  "asleepduration",
  "lightsleepduration",
  "remsleepduration",
  "deepsleepduration",
  "sleep_efficiency",
  "sleep_latency",
  "wakeup_latency",
  "wakeupduration",
  "wakeupcount",
  "waso",
  "hr_average",
  "hr_min",
  "hr_max",
  "rr_average",
  "sleep_score",
  "rmssd_start_avg",
  "rmssd_end_avg",
  "rmssd",
  "sdnn_1",
] as const;

/** Fields of a day's activity; what is not asked for does not come. */
export const ACTIVITY_FIELDS = [
  "steps",
  "distance",
  "elevation",
  "soft",
  "moderate",
  "intense",
  "active",
  "calories",
  "totalcalories",
] as const;
