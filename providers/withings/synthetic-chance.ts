/** A number from 0 (inclusive) to 1 (exclusive) that follows from a seed, a day's number and a label. */
export function uniform(seed: number, day: number, label: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${day}/${label}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

/** A bell-shaped number around 0, standard deviation about 1, within ±3. */
export function bell(seed: number, day: number, label: string): number {
  return [1, 2, 3].reduce((sum, part) => sum + uniform(seed, day, `${label} ${part}`), -1.5) * 2;
}

/** A number from −1 to 1 that goes in straight lines between points `period` days apart. */
export function drift(seed: number, day: number, label: string, period: number): number {
  const knot = Math.floor(day / period);
  const along = day / period - knot;
  return (uniform(seed, knot, label) * (1 - along) + uniform(seed, knot + 1, label) * along) * 2 - 1;
}

/** The number cut to a range and rounded to whole. */
export function whole(value: number, min: number, max: number): number {
  return Math.round(Math.min(max, Math.max(min, value)));
}
