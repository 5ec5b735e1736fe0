/** What the simulator is about to send. `body`: a string with a content type other than JSON goes as it is, undefined is no body, the rest is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** How the bytes of an answer travel: whole, in slices, or not to the end. */
export type Delivery =
  | { readonly how: "whole" }
  | { readonly how: "drip"; readonly bytes: number; readonly ms: number }
  | { readonly how: "truncated" }
  | { readonly how: "reset" }
  | { readonly how: "lost" };

/** An answer with a JSON body. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body };
}

/** An answer whose headers have lower-case names and whose body is bytes. */
export interface EncodedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/** The bytes of an answer. */
export function encode(answer: Answer): EncodedAnswer {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const type = headers["content-type"];
  if (answer.body === undefined || answer.status === 204 || answer.status === 304)
    return { status: answer.status, headers, bytes: Buffer.alloc(0) };
  if (typeof answer.body === "string" && type !== undefined && !/\bjson\b/i.test(type))
    return { status: answer.status, headers, bytes: Buffer.from(answer.body) };
  const typed = { "content-type": "application/json; charset=utf-8", ...headers };
  return { status: answer.status, headers: typed, bytes: Buffer.from(JSON.stringify(answer.body)) };
}
