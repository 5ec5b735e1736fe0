const KEPT_MS = 1_000;
const MAX_ENTRIES = 1_000;

/** Values by credentials that came within the last second, so that they are not worked out again; the credentials themselves stay no longer. */
export class Briefly<Value> {
  private readonly values = new Map<string, Value>();

  get(credentials: string): Value | undefined {
    return this.values.get(credentials);
  }

  set(credentials: string, value: Value): void {
    if (this.values.size === 0) setTimeout(() => this.values.clear(), KEPT_MS).unref();
    if (this.values.size < MAX_ENTRIES || this.values.has(credentials)) this.values.set(credentials, value);
  }
}
