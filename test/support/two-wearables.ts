import type { DailyAnswer, DailyQuestion, SourcedDay } from "../../src/domain/answers";
import { chooseDays, sortBySource } from "../../src/domain/choice";
import type { ActivityDay } from "../../src/domain/daily";
import { type CivilDay, daysOf } from "../../src/domain/days";
import type { Metric } from "../../src/domain/metrics";
import type { PreferencesApi, ReadingApi } from "../../src/services/api";

/** Wearables that the answers of {@link twoWearables} come from; `scale` is asked too, and has nothing. */
export const WEARABLES = [
  { slug: "ring", displayName: "Ring" },
  { slug: "scale", displayName: "Scale" },
  { slug: "watch", displayName: "Watch" },
];

const told = { completeness: "FINAL", contributors: [], score: null, fetchedAt: 1_790_000_100 } as const;
const untold = {
  distanceMeters: null,
  equivalentWalkingDistanceMeters: null,
  activeEnergyKilocalories: null,
  totalEnergyKilocalories: null,
  highActivitySeconds: null,
  mediumActivitySeconds: null,
  lowActivitySeconds: null,
  sedentarySeconds: null,
  restingSeconds: null,
  nonWearSeconds: null,
  inactivityAlerts: null,
  strain: null,
};
const active = (provider: string, day: CivilDay, over: Partial<ActivityDay>): SourcedDay => ({
  provider,
  value: { metric: "ACTIVITY", day, ...told, ...untold, steps: 8_000, ...over },
});

/** Reading and preferences over two wearables with every day's activity, of which the watch tells more. */
export function twoWearables(): ReadingApi & { readonly preferences: PreferencesApi } {
  const kept = new Map<Metric, readonly string[]>();
  const answer = (question: DailyQuestion): DailyAnswer => {
    const days = daysOf(question.range);
    const bySource = sortBySource(
      days.flatMap((day) => [active("watch", day, { distanceMeters: 6_000.5 }), active("ring", day, { steps: 7_000 })]),
    );
    const person = kept.get(question.metric) ?? null;
    const asked = ["watch", "scale", "ring"];
    const order = { query: question.prefer ?? null, person, operator: null, order: [] };
    // A day apart from its sources, as after a cache, must come out as one of them all the same.
    const resolutions = chooseDays(bySource, asked, order);
    const nodes = structuredClone(resolutions.map(({ winner }) => winner));
    const absence = { provider: "scale", reason: "PROVIDER_HAS_NONE" } as const;
    const absences = [{ firstDay: question.range.start, lastDay: question.range.end, ...absence }];
    return { nodes, resolutions, bySource, absences, issues: [], freshUntil: 0 };
  };
  return {
    read: async (_person, questions) => questions.map(answer),
    stored: async (_person, questions) => questions.map(answer),
    preferences: {
      list: async () => [...kept].map(([metric, order]) => ({ metric, order })),
      async set(_person, metric, order) {
        kept.set(metric, order);
        if (order.length === 0) kept.delete(metric);
        return order.length > 0 ? { metric, order } : null;
      },
    },
  };
}
