/** A comparison for sorting: negative where `a` comes first. Text is compared by code unit, never by a locale. */
export type Order<T> = (a: T, b: T) => number;

/** Smaller keys first; numbers by value, text by code unit. */
export function ascending<T>(key: (item: T) => string): Order<T>;
export function ascending<T>(key: (item: T) => number): Order<T>;
export function ascending<T>(key: (item: T) => string | number): Order<T> {
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

/** The opposite of an order. */
export function reversed<T>(order: Order<T>): Order<T> {
  return (a, b) => order(b, a);
}

/** The first of the orders that tells two items apart. */
export function inTurn<T>(...orders: readonly Order<T>[]): Order<T> {
  return (a, b) => {
    for (const order of orders) {
      const result = order(a, b);
      if (result !== 0) return result;
    }
    return 0;
  };
}
