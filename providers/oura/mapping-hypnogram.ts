import { epochSeconds, type Instant, instantAt, offsetOf } from "../../src/domain/instants";
import type { SleepStage, StageSpan } from "../../src/domain/records";

const STAGES: Readonly<Record<string, SleepStage>> = { "1": "DEEP", "2": "LIGHT", "3": "REM", "4": "AWAKE" };
const DAY_SECONDS = 86_400;

/** Oura's two codings of one hypnogram, one digit an epoch; the later is used where the earlier is absent or empty. */
export interface SleepPhases {
  readonly fiveMinutes: string | null;
  readonly thirtySeconds: string | null;
}

/**
 * Decodes a hypnogram into spans from the beginning of the bedtime on, adjacent equal stages joined.
 * The last epoch is cut at the end of the bedtime; where the text is too short, the rest of the night is not told.
 */
export function hypnogram(phases: SleepPhases, start: Instant, end: Instant | null): StageSpan[] {
  const [text, epochLength] = phases.fiveMinutes ? [phases.fiveMinutes, 300] : [phases.thirtySeconds ?? "", 30];
  const begin = epochSeconds(start);
  const limit = end === null ? begin + DAY_SECONDS : epochSeconds(end);
  const spans: { stage: SleepStage; from: number; to: number }[] = [];
  for (let index = 0; index < text.length; index++) {
    const from = begin + index * epochLength;
    if (from >= limit) break;
    const stage = STAGES[text.charAt(index)] ?? "UNKNOWN";
    const to = Math.min(from + epochLength, limit);
    const last = spans.at(-1);
    if (last?.stage === stage) last.to = to;
    else spans.push({ stage, from, to });
  }
  const offset = offsetOf(start);
  return spans.map(({ stage, from, to }) => ({ stage, start: instantAt(from, offset), end: instantAt(to, offset) }));
}
