/** One figure that a fault harness measured, beside what it must reach. */
export interface Figure {
  readonly name: string;
  /** What was measured, with its unit. */
  readonly value: string;
  /** What must be reached, in the same words. */
  readonly target: string;
  readonly reached: boolean;
}

/** How a fault is played: `small` ends within a minute and belongs to the test suite; otherwise the whole figure is measured. */
export interface FaultOptions {
  readonly small: boolean;
  /** Tells how far it is; never a secret or a person's data. */
  readonly say: (line: string) => void;
}

/** A fault that the gateway must stand, played on real parts: processes that are killed, stores that go, vendors that misbehave. */
export interface Fault {
  readonly name: string;
  /** What is done to the gateway, in one sentence. */
  readonly title: string;
  /** Plays it and measures; cleans up its processes and stores whatever happens. @throws Error if it could not be played */
  run(options: FaultOptions): Promise<readonly Figure[]>;
}
