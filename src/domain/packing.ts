import { epochSeconds, type Instant, instantAt, offsetOf, readerAt } from "./instants";
import type {
  ContributorScore,
  Contributors,
  HrvPoint,
  PackedContributors,
  PackedSamples,
  PackedStages,
  Samples,
  SleepStage,
  StageSpan,
  Stages,
  StoredRecord,
} from "./records";

/** Steps of a series that hold no sample, for each one that does, before text with empty places is longer than the samples. */
const MAX_STEPS_PER_SAMPLE = 8;

const LETTERS: Readonly<Record<SleepStage, string>> = {
  AWAKE: "W",
  ASLEEP: "S",
  LIGHT: "L",
  DEEP: "D",
  REM: "R",
  UNKNOWN: "U",
};
const STAGES = new Map(Object.entries(LETTERS).map(([stage, letter]) => [letter, stage as SleepStage]));
/** Time between two stretches of which the hypnogram says nothing. */
const NOTHING = "-";
const STRETCH = /([A-Z-])(\d+)/g;

/** The names of what is packed, in the order in which unpacking gives them. */
export const SAMPLE_NAMES = ["at", "milliseconds"] as const;
export const SPAN_NAMES = ["stage", "start", "end"] as const;
export const CONTRIBUTOR_NAMES = ["key", "nativeKey", "score"] as const;

/** Whether an object has exactly these names, in this order. */
export function isNamed(one: object, names: readonly string[]): boolean {
  let place = 0;
  // Unlike a list of the keys, of which there would be one for every sample of a night, this makes nothing.
  for (const name in one) if (name !== names[place++]) return false;
  return place === names.length;
}

/**
 * A record with its list (samples, hypnogram or contributors) as compact text, of which the same is made again to the byte; the record
 * itself where the list does not fit (uneven steps, an offset that changes), or is text already. A night's samples take a twentieth of the room, and cost
 * nothing until they are asked for.
 */
export function packRecord(record: StoredRecord): StoredRecord {
  if (record.kind === "hrv") {
    const samples = packSamples(record.samples);
    return samples === record.samples ? record : { ...record, samples };
  }
  if (record.kind === "sleep_session") {
    const stages = packStages(record.stages);
    return stages === record.stages ? record : { ...record, stages };
  }
  const contributors = packContributors(record.contributors);
  return contributors === record.contributors ? record : { ...record, contributors };
}

/** Samples at even steps as `start step value,value,,value`: an instant, seconds, milliseconds; nothing between commas is no sample. */
export function packSamples(samples: Samples): Samples {
  if (typeof samples === "string") return samples;
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 2) return samples;
  const from = epochSeconds(first.at);
  const readAt = readerAt(offsetOf(first.at));
  const places: number[] = [];
  let [step, before] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const sample of samples) {
    const epoch = readAt(sample.at);
    if (epoch === null || !Number.isFinite(sample.milliseconds) || !isNamed(sample, SAMPLE_NAMES)) return samples;
    const place = epoch - from;
    step = Math.min(step, place - before);
    before = place;
    places.push(place);
  }
  const steps = before / step;
  if (!(step > 0 && Number.isInteger(steps) && steps <= samples.length * MAX_STEPS_PER_SAMPLE)) return samples;
  const values = new Array<string>(steps + 1).fill("");
  for (let index = 0; index < samples.length; index++) {
    const place = (places[index] ?? 0) / step;
    if (!Number.isInteger(place)) return samples;
    values[place] = String(samples[index]?.milliseconds);
  }
  return `${first.at} ${step} ${values.join(",")}` as PackedSamples;
}

/** The samples, by time. */
export function samplePoints(samples: Samples): readonly HrvPoint[] {
  if (typeof samples !== "string") return samples;
  const [start, step, values] = samples.split(" ") as [Instant, string, string];
  const [from, seconds, offset] = [epochSeconds(start), Number(step), offsetOf(start)];
  return values.split(",").flatMap((value, index) => {
    return value === "" ? [] : [{ at: instantAt(from + index * seconds, offset), milliseconds: Number(value) }];
  });
}

/** The samples' values in milliseconds, by time. */
export function sampleValues(samples: Samples): number[] {
  if (typeof samples !== "string") return samples.map(({ milliseconds }) => milliseconds);
  const values = samples.slice(samples.lastIndexOf(" ") + 1);
  return JSON.parse(`[${values.includes(",,") ? values.replaceAll(/,+/g, ",") : values}]`);
}

/** The least and greatest of the samples' values in milliseconds; null without samples. */
export function sampleExtremes(samples: Samples): { readonly least: number; readonly greatest: number } | null {
  if (typeof samples === "string") {
    const read = packedExtremes(samples, samples.lastIndexOf(" ") + 1);
    if (read) return read;
  }
  const values = sampleValues(samples);
  return values.length > 0 ? { least: Math.min(...values), greatest: Math.max(...values) } : null;
}

const [COMMA, POINT, ZERO] = [44, 46, 48];
/** So many digits make a number exactly, and so do two such numbers divided. */
const MAX_DIGITS = 15;

/** The extremes of values separated by commas, read digit by digit: every night that is read passes here. Null where one is no plain decimal. */
function packedExtremes(text: string, from: number) {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  let number = 0;
  let digits = 0;
  let divisor = 0;
  for (let index = from; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : COMMA;
    if (code === COMMA) {
      if (digits > MAX_DIGITS) return null;
      if (digits > 0) {
        const value = divisor > 0 ? number / divisor : number;
        if (value < least) least = value;
        if (value > greatest) greatest = value;
      }
      number = digits = divisor = 0;
    } else if (code >= ZERO && code < ZERO + 10) {
      number = number * 10 + code - ZERO;
      divisor *= 10;
      digits += 1;
    } else if (code === POINT && divisor === 0 && digits > 0) divisor = 1;
    else return null;
  }
  return least <= greatest ? { least, greatest } : null;
}

/** A hypnogram as `start L300D600-30R900`: an instant, then each stretch's stage and seconds; `-` where nothing is said. */
export function packStages(stages: Stages): Stages {
  if (typeof stages === "string") return stages;
  const [first] = stages;
  if (!first) return stages;
  const offset = offsetOf(first.start);
  const readAt = readerAt(offset);
  let reached = epochSeconds(first.start);
  let text = `${first.start} `;
  for (const span of stages) {
    const [from, to] = [readAt(span.start), readAt(span.end)];
    if (from === null || to === null || from < reached || to < from || !isNamed(span, SPAN_NAMES)) return stages;
    if (from !== reached) text += `${NOTHING}${from - reached}`;
    text += `${LETTERS[span.stage]}${to - from}`;
    reached = to;
  }
  return text as PackedStages;
}

/** The hypnogram's stretches, by time. */
export function stageSpans(stages: Stages): readonly StageSpan[] {
  if (typeof stages !== "string") return stages;
  const [start, stretches] = stages.split(" ") as [Instant, string];
  const offset = offsetOf(start);
  let reached = epochSeconds(start);
  const spans: StageSpan[] = [];
  for (const [, letter = "", seconds] of stretches.matchAll(STRETCH)) {
    const from = reached;
    reached += Number(seconds);
    const stage = STAGES.get(letter);
    if (stage) spans.push({ stage, start: instantAt(from, offset), end: instantAt(reached, offset) });
  }
  return spans;
}

/** Contributors as `native score,native:common score`, the key where it is another than the vendor's name; none: `native: score`, `native `. */
export function packContributors(contributors: Contributors): Contributors {
  if (typeof contributors === "string" || contributors.length === 0) return contributors;
  const parts = contributors.map(({ key, nativeKey, score }) => {
    return `${nativeKey}${key === nativeKey ? "" : `:${key ?? ""}`} ${score ?? ""}`;
  });
  const packed = parts.join(",") as PackedContributors;
  return sameList(contributorScores(packed), contributors) ? packed : contributors;
}

/** The contributors, in the vendor's order. */
export function contributorScores(contributors: Contributors): readonly ContributorScore[] {
  if (typeof contributors !== "string") return contributors;
  return contributors.split(",").map((part) => {
    const [name = "", score = ""] = part.split(" ");
    const [nativeKey = "", key = nativeKey] = name.split(":");
    return { key: key === "" ? null : key, nativeKey, score: score === "" ? null : Number(score) };
  });
}

/** Whether two lists are the same to the byte: names, their order, and values. As JSON text that takes longer than all else about packing. */
function sameList(ones: readonly object[], others: readonly object[]): boolean {
  return ones.length === others.length && ones.every((one, index) => same(one, others[index] ?? {}));
}

function same(one: object, other: object): boolean {
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return (
    names.length === others.length &&
    names.every((name, place) => name === others[place] && Reflect.get(one, name) === Reflect.get(other, name))
  );
}
