/** What the services count; an implementation turns it into metrics. Never a person's id or a value. */
export interface Telemetry {
  /** A day's cell was answered from a layer: the cache, the database, or the provider. */
  readonly answered: (layer: "cache" | "database" | "provider", days: number) => void;
  /** Documents that could not be read. */
  readonly setAside: (provider: string, endpoint: string, documents: number) => void;
  /** A flight ended. */
  readonly flight: (provider: string, endpoint: string, outcome: string) => void;
  /** Something went wrong that no caller hears of. */
  readonly fault: (where: string, error: unknown) => void;
}
