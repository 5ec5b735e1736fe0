const TICK_MS = 5;
const MOST_MS = 50;

/** Waits until this process has run for so many milliseconds: while the machine stands still no time passes. */
export async function awake(milliseconds: number): Promise<void> {
  let last = performance.now();
  for (let left = milliseconds; left > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, TICK_MS)));
    const now = performance.now();
    left -= Math.min(now - last, MOST_MS);
    last = now;
  }
}
