import type { ViewerAnswer } from "./answers";

/** The civil day so many days before today (UTC). */
export function daysAgo(count: number): string {
  return new Date(Date.now() - count * 86_400_000).toISOString().slice(0, 10);
}

/** The day so many days after another. */
export function plusDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * 86_400_000).toISOString().slice(0, 10);
}

/** Every day from one to another, both inclusive. */
export function daysBetween(start: string, end: string): string[] {
  const days: string[] = [];
  for (let day = start; day <= end; day = plusDays(day, 1)) days.push(day);
  return days;
}

const NODE = "id day provider completeness fetchedAt";
const CONTRIBUTORS = "contributors { key nativeKey score }";
const AROUND = "absences { firstDay lastDay provider reason } issues { code provider message retryAt }";

/** Every field of the core schema of each metric's record. */
export const RECORD_FIELDS = {
  sleep: `${NODE} score ${CONTRIBUTORS} bedtimeStart bedtimeEnd inBedSeconds asleepSeconds awakeSeconds latencySeconds deepSeconds
    lightSeconds remSeconds efficiencyPercent averageHeartRateBpm lowestHeartRateBpm averageHrv { method milliseconds } breathsPerMinute
    sessions { id sessionType start end inBedSeconds asleepSeconds awakeSeconds deepSeconds lightSeconds remSeconds
      stages { stage start end } }`,
  readiness: `${NODE} score ${CONTRIBUTORS} temperatureDeviationCelsius temperatureTrendDeviationCelsius`,
  activity: `${NODE} score ${CONTRIBUTORS} steps distanceMeters equivalentWalkingDistanceMeters activeEnergyKilocalories
    totalEnergyKilocalories highActivitySeconds mediumActivitySeconds lowActivitySeconds sedentarySeconds restingSeconds
    nonWearSeconds inactivityAlerts`,
  hrv: `${NODE} method averageMilliseconds minimumMilliseconds maximumMilliseconds samples { at milliseconds }`,
} as const;

/** The four metrics. */
export const METRICS = ["sleep", "readiness", "activity", "hrv"] as const;

/** The dashboard query of everything; variables `start`, `end`. */
export const FOUR_METRICS = `query Dashboard($range: DateRange!) { viewer { id externalId
  accounts { id provider status connectedAt grantedScopes lastSyncedAt }
  ${METRICS.map((metric) => `${metric}(range: $range) { nodes { ${RECORD_FIELDS[metric]} } bySource { id day provider } ${AROUND} }`).join("\n  ")}
} }`;

/** A cheap query of the four metrics; variables `range`, `age` (maxAgeSeconds). */
export const FOUR_SCORES = `query Scores($range: DateRange!, $age: Int) { viewer {
  sleep(range: $range, maxAgeSeconds: $age) { nodes { day score asleepSeconds } ${AROUND} }
  readiness(range: $range, maxAgeSeconds: $age) { nodes { day score } ${AROUND} }
  activity(range: $range, maxAgeSeconds: $age) { nodes { day steps } ${AROUND} }
  hrv(range: $range, maxAgeSeconds: $age) { nodes { day averageMilliseconds } ${AROUND} }
} }`;

const MOST_ASKS = 20;

/** Asks again while the gateway says that the provider is slow: so it says where the machine itself is. Whatever else it says is answered. */
export async function untilInTime(ask: () => Promise<ViewerAnswer>): Promise<ViewerAnswer> {
  let viewer = await ask();
  const isLate = () =>
    METRICS.some((metric) => viewer[metric].issues.some(({ code }) => code === "PROVIDER_UNAVAILABLE"));
  for (let asked = 1; isLate() && asked < MOST_ASKS; asked += 1) viewer = await ask();
  return viewer;
}
