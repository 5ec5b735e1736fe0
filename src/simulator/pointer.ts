/** The value at a JSON pointer (RFC 6901); undefined where there is none. */
export function valueAt(body: unknown, pointer: string): unknown {
  return tokens(pointer).reduce<unknown>((node, token) => {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, token)) return undefined;
    return (node as Record<string, unknown>)[token];
  }, body);
}

/** A copy of the body with the value put at the pointer; undefined takes it out. A body that has no such place comes back unchanged. */
export function withValue(body: unknown, pointer: string, value: unknown): unknown {
  const path = tokens(pointer);
  const last = path.pop();
  if (last === undefined) return value;
  const copy: unknown = structuredClone(body);
  const parent = valueAt(copy, path.map((token) => `/${escapeToken(token)}`).join(""));
  if (typeof parent !== "object" || parent === null) return copy;
  if (Array.isArray(parent)) {
    const index = Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) return copy;
    if (value === undefined) parent.splice(index, 1);
    else parent[index] = value;
    return copy;
  }
  Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function tokens(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
