import type { SourcedDay } from "./answers";
import { HRV_METHODS } from "./assembly/hrv";
import type { ActivityDay, DailyBase, DailyValue, HrvDay, ReadinessDay, SleepDay } from "./daily";
import type { CivilDay } from "./days";
import type { Metric } from "./metrics";
import { ascending, inTurn, type Order, reversed } from "./order";

type Measured<D> = Exclude<keyof D, keyof DailyBase | "metric" | "method" | "contributors">;

/** The fields that count as data of a day, by metric; contributors do not, they are parts of the score. */
export const MEASURED_FIELDS = {
  SLEEP: [
    "score",
    "bedtimeStart",
    "bedtimeEnd",
    "inBedSeconds",
    "asleepSeconds",
    "awakeSeconds",
    "lightSeconds",
    "deepSeconds",
    "remSeconds",
    "latencySeconds",
    "efficiencyPercent",
    "averageHeartRateBpm",
    "lowestHeartRateBpm",
    "averageHrv",
    "breathsPerMinute",
    "sessions",
  ] satisfies Measured<SleepDay>[],
  READINESS: [
    "score",
    "temperatureDeviationCelsius",
    "temperatureTrendDeviationCelsius",
  ] satisfies Measured<ReadinessDay>[],
  ACTIVITY: [
    "score",
    "steps",
    "distanceMeters",
    "equivalentWalkingDistanceMeters",
    "activeEnergyKilocalories",
    "totalEnergyKilocalories",
    "highActivitySeconds",
    "mediumActivitySeconds",
    "lowActivitySeconds",
    "sedentarySeconds",
    "restingSeconds",
    "nonWearSeconds",
    "inactivityAlerts",
  ] satisfies Measured<ActivityDay>[],
  HRV: ["averageMilliseconds", "minimumMilliseconds", "maximumMilliseconds", "samples"] satisfies Measured<HrvDay>[],
} as const satisfies Record<Metric, readonly string[]>;

/** How many of a day's {@link MEASURED_FIELDS} hold something: 0 is a number like any other, an empty list is nothing. */
export function coverageOf(value: DailyValue): number {
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return MEASURED_FIELDS[value.metric].filter((name) => {
    const field = fields[name] ?? null;
    return Array.isArray(field) ? field.length > 0 : field !== null;
  }).length;
}

const BY_REVISION = inTurn<SourcedDay>(
  ascending(({ value }) => (value.metric === "HRV" ? HRV_METHODS.indexOf(value.method) : 0)),
  reversed(ascending(({ value }) => value.fetchedAt)),
);

/** Every provider's days, ascending by day, then by provider. */
export function sortBySource(days: readonly SourcedDay[]): readonly SourcedDay[] {
  return [...days].sort(
    inTurn(
      ascending(({ value }) => value.day),
      ascending(({ provider }) => provider),
      BY_REVISION,
    ),
  );
}

/** The default policy: the provider with more measured fields, then the earlier in `providerOrder`, those not named there last by slug. */
function preferred(providerOrder: readonly string[]): Order<SourcedDay> {
  const ranks = new Map(providerOrder.map((provider, index) => [provider, index]));
  return inTurn(
    reversed(ascending(({ value }) => coverageOf(value))),
    ascending(({ provider }) => ranks.get(provider) ?? providerOrder.length),
    ascending(({ provider }) => provider),
    BY_REVISION,
  );
}

/**
 * Chooses one provider's record for each day, ascending by day; always one of the objects given, never a blend. More measured fields win,
 * then the earlier in `providerOrder`; the order of `bySource` means nothing.
 */
export function chooseDays(bySource: readonly SourcedDay[], providerOrder: readonly string[]): readonly SourcedDay[] {
  const order = preferred(providerOrder);
  const chosen = new Map<CivilDay, SourcedDay>();
  for (const candidate of bySource) {
    const best = chosen.get(candidate.value.day);
    if (!best || order(candidate, best) < 0) chosen.set(candidate.value.day, candidate);
  }
  return sortBySource([...chosen.values()]);
}
