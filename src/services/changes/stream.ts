/** What is given one by one to one who takes; `return` ends it, also while the next is waited for. */
export type Stream<T> = AsyncIterableIterator<T, undefined>;

/**
 * What a generator gives. Alone it would hear of `return` only with its next value, which may never come, and not at all before the
 * first: here `end` is called at once, which must let it come to its end.
 */
export function cancellable<T>(generator: AsyncGenerator<T, undefined>, end: () => void): Stream<T> {
  return {
    next: () => generator.next(),
    return: () => {
      end();
      return generator.return(undefined);
    },
    throw: (error) => {
      end();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
