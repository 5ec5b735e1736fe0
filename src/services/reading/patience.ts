import type { Flight, FlightOutcome } from "../fetching/flights";

/** Milliseconds of silence, and in all, that a caller waits for a flight. */
export interface Patience {
  readonly silenceMs: number;
  readonly totalMs: number;
}

/** Milliseconds between two looks at how long a flight has been silent. */
const LOOK_EVERY_MS = 50;

/** How long someone who waits for an answer on a screen waits. */
export const INTERACTIVE: Patience = { silenceMs: 2_500, totalMs: 20_000 };

/** The flight's outcome, or "impatient" where it stays silent or takes too long; the flight itself goes on. */
export async function awaitFlight(flight: Flight, patience: Patience): Promise<FlightOutcome | "impatient"> {
  const deadline = performance.now() + patience.totalMs;
  for (;;) {
    const wait = Math.min(patience.silenceMs - flight.silentForMs(), deadline - performance.now());
    if (wait <= 0) return "impatient";
    let timer: NodeJS.Timeout | undefined;
    const tick = new Promise<"tick">((resolve) => {
      timer = setTimeout(() => resolve("tick"), Math.min(wait, LOOK_EVERY_MS));
    });
    const first = await Promise.race([flight.outcome, tick]);
    clearTimeout(timer);
    if (first !== "tick") return first;
  }
}
