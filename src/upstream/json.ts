import { UpstreamFailure } from "../domain/errors";
import { noteTexts } from "../domain/source-text";
import type { InboundAnswer } from "./port";

/** The deepest nesting that is read; the vendors' documents stay under ten. */
const DEEPEST = 64;

/**
 * The JSON value of an answer's body, `null` included, without any `__proto__` member; how its documents were written is noted.
 * Throws {@link UpstreamFailure} INVALID_RESPONSE for anything else; `details.body` keeps the body, the message quotes none of it.
 */
export function parseJsonBody(answer: InboundAnswer): unknown {
  const refuse = (problem: string) =>
    new UpstreamFailure("INVALID_RESPONSE", `expected JSON, got ${problem}`, {
      status: answer.status,
      body: answer.body,
    });
  if (answer.body.length === 0) throw refuse("an empty body");
  const text = decode(answer.body);
  if (text === null) throw refuse("bytes that are not UTF-8");
  const value = parse(text);
  // JSON.parse quotes the text in its messages: its error is not kept as the cause.
  if (value === undefined)
    throw refuse(text.trimStart().startsWith("<") ? "HTML or XML" : "malformed or truncated text");
  // What is removed from the value is to be in no text of it either.
  const fits = SUSPECT.test(text) ? tame(value) : noteTexts(text, value) <= DEEPEST;
  if (!fits) throw refuse(`nesting deeper than ${DEEPEST} levels`);
  return value;
}

function decode(body: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a text contains that has anything to be removed: such characters come in UTF-8 only as escapes, and `__proto__` may. */
const SUSPECT = /\\u|__proto__/;

/** Characters that PostgreSQL cannot store as text: NUL, and surrogates without their other half. */
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/**
 * Removes every own `__proto__` member and what no text column can hold from strings; false where the nesting is too deep.
 * Iterative: depth cannot exhaust the stack.
 */
function tame(root: unknown): boolean {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth >= DEEPEST) return false;
    // Most of what comes are arrays of numbers.
    if (Array.isArray(value) && value.every((member) => typeof member === "number" || member === null)) continue;
    if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__");
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === "object" && member !== null) open.push({ value: member, depth: depth + 1 });
      else if (typeof member === "string" && member.search(UNSTORABLE) >= 0) {
        Reflect.set(value, name, member.replaceAll(UNSTORABLE, ""));
      }
    }
  }
  return true;
}
