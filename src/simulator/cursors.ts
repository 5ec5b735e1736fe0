/** Cursors that faults made up, and the vendor's own ones that they stand for (null: the first page). */
export class MadeUpCursors {
  readonly #standFor = new Map<string, unknown>();
  #count = 0;

  /** A cursor that was never named before; asked for it, the vendor sees `own` in its place. */
  make(own: unknown): string {
    this.#count += 1;
    const cursor = `made-up-${this.#count}`;
    this.#standFor.set(cursor, own);
    return cursor;
  }

  /** The parameters as the vendor is to see them: made-up cursors replaced, or left out where they stand for the first page. */
  resolve(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    if (this.#standFor.size === 0) return parameters;
    const entries = Object.entries(parameters).flatMap(([name, value]) => {
      if (!this.#standFor.has(value)) return [[name, value] as const];
      const own = this.#standFor.get(value);
      return own === null || own === undefined || own === "" ? [] : [[name, String(own)] as const];
    });
    return Object.fromEntries(entries);
  }
}
