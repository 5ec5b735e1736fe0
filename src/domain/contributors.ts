/** The common vocabulary of contributors: every key that an adapter may give, with what the part of the score stands for. */
export const CONTRIBUTORS = {
  deep_sleep: "time in deep sleep",
  efficiency: "share of the time in bed that was slept",
  latency: "how fast the person fell asleep",
  rem_sleep: "time in REM sleep",
  restfulness: "how calm the sleep was: waking, moving, getting up",
  timing: "when the sleep was within the day",
  total_sleep: "time asleep against the need",
  activity_balance: "activity of the last weeks against the usual",
  body_temperature: "body temperature against the usual",
  hrv_balance: "heart rate variability against the usual",
  previous_day_activity: "activity of the day before",
  previous_night: "sleep of the night before",
  recovery_index: "how early in the night the heart rate came to rest",
  resting_heart_rate: "resting heart rate against the usual",
  sleep_balance: "sleep of the last weeks against the need",
  sleep_regularity: "how regular sleep was over the last weeks",
  meet_daily_targets: "how often the daily targets were met",
  move_every_hour: "how seldom the person sat for an hour",
  recovery_time: "easy days between hard ones",
  stay_active: "how little of the day was spent sitting",
  training_frequency: "how often the person trained",
  training_volume: "how much the person trained",
} as const satisfies Readonly<Record<string, string>>;

/** A key of {@link CONTRIBUTORS}. */
export type ContributorKey = keyof typeof CONTRIBUTORS;

/** Whether text is a key of the common vocabulary. */
export function isContributorKey(text: string): text is ContributorKey {
  return Object.hasOwn(CONTRIBUTORS, text);
}
