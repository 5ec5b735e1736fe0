import { UpstreamFailure } from "../domain/errors";
import { DEEPEST, readJson } from "../domain/json-text";
import type { InboundAnswer } from "./port";

/**
 * The JSON value of an answer's body, `null` included, without any `__proto__` member.
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
  try {
    return readJson(text);
  } catch (error) {
    // JSON.parse quotes the text in its messages: its error is not kept as the cause.
    if (error instanceof RangeError) throw refuse(`nesting deeper than ${DEEPEST} levels`);
    throw refuse(text.trimStart().startsWith("<") ? "HTML or XML" : "malformed or truncated text");
  }
}

function decode(body: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
}
