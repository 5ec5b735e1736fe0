import type { FastifyInstance } from "fastify";
import { GatewayError } from "../domain/errors";

/** Largest request body, in bytes. */
export const MAX_BODY_BYTES = 100_000;
/** Deepest nesting of arrays and objects in a request body. */
export const MAX_BODY_DEPTH = 32;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

function refuse(problem: string): never {
  throw new GatewayError("BAD_REQUEST", `The request body ${problem}`);
}

function decoded(bytes: Buffer): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new GatewayError("BAD_REQUEST", "The request body is not valid UTF-8", { cause });
  }
  if (text.startsWith("\uFEFF")) refuse("starts with a byte order mark: expected plain UTF-8");
  return text;
}

function checkValue(root: unknown): void {
  const left: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let item = left.pop(); item; item = left.pop()) {
    const { value, depth } = item;
    if (typeof value === "string" && LONE_SURROGATE.test(value)) refuse("holds half a surrogate pair");
    if (typeof value !== "object" || value === null) continue;
    if (depth >= MAX_BODY_DEPTH) refuse(`nests more than ${MAX_BODY_DEPTH} levels deep`);
    for (const [key, below] of Object.entries(value)) {
      if (key === "__proto__") refuse("has a key __proto__");
      left.push({ value: below, depth: depth + 1 });
    }
  }
}

/** Reads a JSON body strictly: UTF-8 without a byte order mark, no half surrogate pairs, bounded nesting, no `__proto__`. */
export function parseJsonBody(bytes: Buffer): unknown {
  const text = decoded(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, so it goes no further.
    refuse("is not valid JSON");
  }
  checkValue(value);
  return value;
}

/** Makes the server take JSON in UTF-8 and nothing else; routes get its bytes, for {@link parseJsonBody}. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async (request) => {
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Compressed request bodies are not accepted");
    }
    const charset = CHARSET.exec(request.headers["content-type"] ?? "")?.[1]?.toLowerCase();
    if (charset !== undefined && charset !== "utf-8" && charset !== "utf8") {
      throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Send application/json in UTF-8");
    }
  });
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_request: unknown, body: Buffer) => body);
}
