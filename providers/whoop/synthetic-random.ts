const TWO_TO_32 = 2 ** 32;

/** 32 well-mixed bits that follow from a seed, a day's number and a label. */
export function bits(seed: number, day: number, label: string): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(day + 0x7f4a7c15, 0xc2b2ae35);
  for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number from 0 (inclusive) to 1 (exclusive). */
export function uniform(seed: number, day: number, label: string): number {
  return bits(seed, day, label) / TWO_TO_32;
}

/** A bell-shaped number around 0, standard deviation about 1, within ±3. */
export function bell(seed: number, day: number, label: string): number {
  const three =
    uniform(seed, day, label) + uniform(seed, day, `${label}:second`) + uniform(seed, day, `${label}:third`);
  return (three - 1.5) * 2;
}

/** A number from −1 to 1 that changes slowly from day to day: straight lines between points `period` days apart. */
export function drift(seed: number, day: number, label: string, period: number): number {
  const knot = Math.floor(day / period);
  const along = day / period - knot;
  const value = uniform(seed, knot, label) * (1 - along) + uniform(seed, knot + 1, label) * along;
  return value * 2 - 1;
}

/** A UUID of version 4. */
export function uuid(seed: number, day: number, label: string): string {
  const hex = ["a", "b", "c", "d"].map((part) => bits(seed, day, `${label}#${part}`).toString(16).padStart(8, "0"));
  const text = hex.join("");
  const variant = "89ab".charAt(Number.parseInt(text.charAt(16), 16) % 4);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20)}`;
}

/** The number cut to a range and rounded to whole. */
export function whole(value: number, min: number, max: number): number {
  return Math.round(Math.min(max, Math.max(min, value)));
}
