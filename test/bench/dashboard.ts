import { addDays, type CivilDay, civilDay, type DayRange } from "../../src/domain/days";
import type { Metric } from "../../src/domain/metrics";

/** A metric's place in the dashboard: the field of `viewer`, the hand-made table of the peers, and what is asked, by column type. */
export interface DashboardPart {
  readonly metric: Metric;
  readonly field: "sleep" | "readiness" | "activity" | "hrv";
  /** Columns of the peers' table beside person, day and id; instants as text, quantities as their own values. */
  readonly columns: Readonly<Record<string, "float8" | "int4" | "text">>;
}

/** What a dashboard opens with: four metrics, about 1 kB a day. */
export const DASHBOARD: readonly DashboardPart[] = [
  {
    metric: "SLEEP",
    field: "sleep",
    columns: {
      score: "float8",
      bedtimeStart: "text",
      bedtimeEnd: "text",
      asleepSeconds: "int4",
      awakeSeconds: "int4",
      lightSeconds: "int4",
      deepSeconds: "int4",
      remSeconds: "int4",
      efficiencyPercent: "float8",
      averageHeartRateBpm: "float8",
      lowestHeartRateBpm: "float8",
    },
  },
  {
    metric: "READINESS",
    field: "readiness",
    columns: {
      score: "float8",
      temperatureDeviationCelsius: "float8",
      temperatureTrendDeviationCelsius: "float8",
    },
  },
  {
    metric: "ACTIVITY",
    field: "activity",
    columns: {
      score: "float8",
      steps: "int4",
      activeEnergyKilocalories: "float8",
      totalEnergyKilocalories: "float8",
      sedentarySeconds: "int4",
    },
  },
  {
    metric: "HRV",
    field: "hrv",
    columns: { averageMilliseconds: "float8", minimumMilliseconds: "float8", maximumMilliseconds: "float8" },
  },
];

const AROUND = "absences { firstDay lastDay provider reason } issues { provider code message }";

/** The dashboard query; variable `range`. */
export const DASHBOARD_QUERY = `query Dashboard($range: DateRange!) { viewer { ${DASHBOARD.map(
  ({ field, columns }) =>
    `${field}(range: $range) { nodes { id day provider ${Object.keys(columns).join(" ")} } ${AROUND} }`,
).join(" ")} } }`;

/** Asks every day's cell of a range without selecting what is in it; variable `range`. */
export const TOUCH_QUERY = `query Touch($range: DateRange!) { viewer { ${DASHBOARD.map(
  ({ field }) => `${field}(range: $range) { nodes { day } issues { code } }`,
).join(" ")} } }`;

/**
 * The last day that is asked for: the day before yesterday (UTC). Yesterday still runs somewhere, or by the vendor's clock, and what
 * still runs is asked for again every two minutes.
 */
export const LAST_DAY: CivilDay = addDays(civilDay(new Date().toISOString().slice(0, 10)), -2);

/** So many days up to `end`, which is counted. */
export function daysUpTo(end: CivilDay, count: number): DayRange {
  return { start: addDays(end, 1 - count), end };
}

/** The body of a GraphQL request over a range. */
export function bodyOf(range: DayRange, query: string = DASHBOARD_QUERY): string {
  return JSON.stringify({ query, variables: { range } });
}
