/** The deepest nesting that is read; the vendors' documents stay under ten. */
export const DEEPEST = 64;

/** The JSON text that a value was written as, by the value. */
const TEXTS = new WeakMap<object, string>();

const [QUOTE, OBJECT, ARRAY, OBJECT_END, ARRAY_END] = [0x22, 0x7b, 0x5b, 0x7d, 0x5d];

/**
 * The value of a JSON text, without any `__proto__` member and what no text column can hold. How the text writes its root, and the objects
 * in its arrays, is noted: {@link textOf} tells it. Throws SyntaxError for what is no JSON, RangeError for nesting deeper than `deepest`.
 */
export function readJson(text: string, deepest = DEEPEST): unknown {
  const value: unknown = JSON.parse(text);
  if (noteTexts(text, value) > deepest) throw new RangeError(`expected nesting of at most ${deepest} levels`);
  if (SUSPECT.test(text)) tame(value);
  return value;
}

/**
 * The JSON text that a value was read from by {@link readJson}, where it was noted: all that was removed, what a double cannot hold
 * (`9007199254740993`, `1e309`) and how a number was written is still in it. Else the text that this process writes of it.
 */
export function textOf(value: unknown): string {
  const written = typeof value === "object" && value !== null ? TEXTS.get(value) : undefined;
  return written ?? JSON.stringify(value) ?? "null";
}

/** A container whose members are looked at: those of an array that are objects, in their order. */
type Looked = { readonly members: readonly object[]; next: number } | { readonly object: object };

/** Notes the texts of a value's root, and of the objects in its arrays, but not of what is inside of those. Answers how deep the text nests: 1 for a flat object. */
function noteTexts(text: string, root: unknown): number {
  if (typeof root === "object" && root !== null) TEXTS.set(root, text);
  const looked: Looked[] = [];
  let [depth, deepest, keyAt] = [0, 0, 0];
  /** What is passed over at present: from where on, inside how many containers, and the object that it is to be noted for. */
  let passed: { readonly at: number; readonly depth: number; readonly as: object | null } | null = null;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      if (!passed) keyAt = at;
      at = stringEnd(text, at);
    } else if (code === OBJECT || code === ARRAY) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (passed) continue;
      const outer = looked.at(-1);
      if (outer && "members" in outer) {
        passed = { at, depth, as: code === OBJECT ? (outer.members[outer.next++] ?? null) : null };
        continue;
      }
      const within = lookedAt(outer ? memberOf(outer.object, text, keyAt) : root);
      if (within) looked.push(within);
      else passed = { at, depth, as: null };
    } else if (code === OBJECT_END || code === ARRAY_END) {
      depth -= 1;
      if (!passed) looked.pop();
      else if (depth < passed.depth) {
        if (passed.as) TEXTS.set(passed.as, text.slice(passed.at, at + 1));
        passed = null;
      }
    }
  }
  return deepest;
}

function lookedAt(value: unknown): Looked | null {
  if (typeof value !== "object" || value === null) return null;
  if (!Array.isArray(value)) return { object: value };
  const isObject = (member: unknown): member is object =>
    typeof member === "object" && member !== null && !Array.isArray(member);
  return { members: value.filter(isObject), next: 0 };
}

/** The member whose key begins at a place; of keys that come twice, the parser has kept the last. */
function memberOf(object: object, text: string, keyAt: number): unknown {
  const key: string = JSON.parse(text.slice(keyAt, stringEnd(text, keyAt) + 1));
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}

/** Where the string that begins at a place ends: its closing quote. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

/** What a text contains that has anything to be removed: such characters come in UTF-8 only as escapes, and `__proto__` may. */
const SUSPECT = /\\u|__proto__/;

/** Characters that PostgreSQL cannot store as text: NUL, and surrogates without their other half. */
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Removes every own `__proto__` member and what no text column can hold from strings. Iterative: depth cannot exhaust the stack. */
function tame(root: unknown): void {
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    // Most of what comes are arrays of numbers.
    if (Array.isArray(value) && value.every((member) => typeof member === "number" || member === null)) continue;
    if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__");
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === "object" && member !== null) open.push(member);
      else if (typeof member === "string" && member.search(UNSTORABLE) >= 0) {
        Reflect.set(value, name, member.replaceAll(UNSTORABLE, ""));
      }
    }
  }
}
