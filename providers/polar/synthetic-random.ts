const TWO_TO_32 = 2 ** 32;

/** 32 well-mixed bits that follow from a seed, a day's number and a label. */
export function bits(seed: number, day: number, label: string): number {
  let hash = Math.imul(seed ^ 0x51ed270b, 0x85ebca6b) ^ Math.imul(day + 0x2545f491, 0xc2b2ae35);
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
  const parts = ["first", "second", "third"].map((part) => uniform(seed, day, `${label}:${part}`));
  return (parts.reduce((sum, part) => sum + part, 0) - 1.5) * 2;
}

/** The number cut to a range and rounded to whole. */
export function whole(value: number, min: number, max: number): number {
  return Math.round(Math.min(max, Math.max(min, value)));
}

/** The number with so many decimals. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
