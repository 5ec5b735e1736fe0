/**
 * A place on an object for what was last made of it, which comparing, copying and printing do not see. A WeakMap is the same to its
 * users, but to the garbage collector it is a third of all work where objects come and go by the hundred.
 */
export class Slotted {
  #made: unknown = undefined;

  /** What was left on an object; undefined where nothing was, or it has no place for it. */
  static madeOf(object: object): unknown {
    return #made in object ? object.#made : undefined;
  }

  /** Leaves on an object what was made of it, in place of what was there; nothing happens to one that has no place for it. */
  static leave(object: object, made: unknown): void {
    if (#made in object) object.#made = made;
  }
}
