import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { syntheticDay } from "./synthetic-day";
import { bell, rounded, uniform, whole } from "./synthetic-random";

/** An ISO 8601 duration as Polar writes it: hours, minutes and seconds that are not 0. */
function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const text = parts.map((part, index) => (part > 0 ? `${part}${"HMS".charAt(index)}` : "")).join("");
  return `PT${text || "0S"}`;
}

/** The activity of a day (schema `activity-summary`); its times are local and without a zone. */
export function activityDocuments(person: SyntheticPerson, civil: CivilDay, revision: number) {
  const day = syntheticDay(person, civil);
  if (!day.worn) return [];
  const { seed } = person;
  const of = (label: string) => bell(seed, day.number, label);
  const steps =
    whole(6000 + uniform(seed, 0, "steps") * 5000 + day.condition * 1200 + of("steps") * 2000, 300, 40_000) +
    revision * 70;
  const active = whole(9000 + steps * 0.9 + of("active") * 1800, 1800, 46_000);
  const inactive = whole(82_000 - active - (day.end - day.start) + of("sitting") * 900, 6000, 60_000);
  const burnt = whole(steps * 0.045 + of("burnt") * 40, 20, 5000);
  return [
    {
      start_time: `${civil}T00:00`,
      end_time: `${civil}T23:59:59`,
      active_duration: duration(active - (active % 30)),
      inactive_duration: duration(inactive - (inactive % 30)),
      daily_activity: rounded(steps / 90, 2),
      calories: burnt + 1500 + whole(uniform(seed, 0, "basal") * 500, 0, 500),
      active_calories: burnt,
      steps,
      inactivity_alert_count: whole(1.4 - day.condition + of("alerts"), 0, 8),
      distance_from_steps: rounded(steps * (0.62 + uniform(seed, 0, "stride") * 0.16), 2),
    },
  ];
}
