import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { bell, uniform, whole } from "./synthetic-chance";
import { syntheticDay, zoneOf } from "./synthetic-day";

const WITHINGS = 1;

/** The day's activity (activity_object), one document a day. */
export function activityDocuments(person: SyntheticPerson, day: CivilDay, revision: number): readonly unknown[] {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const { number } = state;
  const steps = state.steps + revision * 75;
  const trained = uniform(seed, number, "training") < 0.33;
  const intense = trained ? whole(1500 + bell(seed, number, "intense") * 700, 300, 7200) : 0;
  const moderate = whole(steps * 0.12 + bell(seed, number, "moderate") * 240, 0, 14_400);
  const thousandths = (value: number) => Math.round(value * 1000) / 1000;
  const calories = thousandths(steps * 0.036 + intense * 0.14);
  return [
    {
      steps,
      distance: thousandths(steps * (0.7 + uniform(seed, 0, "stride") * 0.12)),
      elevation: whole(8 + bell(seed, number, "floors") * 4, 0, 60),
      soft: whole(steps * 0.55 + bell(seed, number, "soft") * 600, 0, 36_000),
      moderate,
      intense,
      active: moderate + intense,
      calories,
      totalcalories: thousandths(1450 + uniform(seed, 0, "rest") * 500 + calories),
      hash_deviceid: `watch-${Math.floor(uniform(seed, 0, "watch") * 1e9)}`,
      timezone: zoneOf(person),
      date: day,
      modified: state.midnight + 86_400 + 1800 + revision * 5400,
      brand: WITHINGS,
      modelid: 93,
      model: "ScanWatch",
      is_tracker: true,
    },
  ];
}
