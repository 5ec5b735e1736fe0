/** What `make` makes (or a promise of it) at the first call; every later call answers the same. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
