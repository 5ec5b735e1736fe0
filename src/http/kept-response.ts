import type { IncomingHttpHeaders } from "node:http";
import { type AnswerCache, type Coding, type KeptAnswer, type Question } from "./answer-cache";
import { COMMON_HEADERS } from "./headers";

/** A kept answer as it is sent. */
export interface KeptResponse {
  readonly status: 200 | 304;
  readonly headers: Readonly<Record<string, string>>;
  /** Name, value, name, value…: these headers, those of every answer, and the length. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer | null;
}

/** Bytes below which compressing gains nothing. */
const WORTH_COMPRESSING = 1_024;

/** Lets the person's own caches keep the answer, on condition that they ask every time whether it still holds. */
export function keptHeaders({ etag }: Pick<KeptAnswer, "etag">): Record<string, string> {
  return { etag, "cache-control": "private, no-cache", vary: "Authorization, Accept, Accept-Encoding, Origin" };
}

/**
 * How a kept answer is sent to a request with these headers: 304 where it has it, by POST too, for a query is safe however it is sent;
 * compressed where it likes that.
 */
export async function keptResponse(
  answers: AnswerCache,
  question: Question,
  kept: KeptAnswer,
  asked: IncomingHttpHeaders,
): Promise<KeptResponse> {
  const coding = codingOf(kept, asked);
  const coded = coding && { coding, bytes: await answers.coded(question, kept, coding) };
  return sentAs(question.type, kept, asked, coded);
}

/** The same where nothing has to be made first; null where something has. */
export function keptResponseAtOnce(type: string, kept: KeptAnswer, asked: IncomingHttpHeaders): KeptResponse | null {
  const coding = codingOf(kept, asked);
  if (!coding) return sentAs(type, kept, asked, null);
  const bytes = kept.coded[coding];
  return bytes ? sentAs(type, kept, asked, { coding, bytes }) : null;
}

function isHeld({ etag }: KeptAnswer, asked: IncomingHttpHeaders): boolean {
  return asked["if-none-match"]?.includes(etag) ?? false;
}

function codingOf(kept: KeptAnswer, asked: IncomingHttpHeaders): Coding | null {
  return isHeld(kept, asked) ? null : chosenCoding(asked["accept-encoding"], kept.bytes.length);
}

function sentAs(
  type: string,
  kept: KeptAnswer,
  asked: IncomingHttpHeaders,
  coded: { readonly coding: Coding; readonly bytes: Buffer } | null,
): KeptResponse {
  const held = isHeld(kept, asked);
  const name = held ? "held" : (coded?.coding ?? "plain");
  const known = kept.sent?.get(name) as KeptResponse | undefined;
  if (known) return known;
  const response = responseOf(type, kept, held, coded);
  kept.sent ??= new Map();
  kept.sent.set(name, response);
  return response;
}

function responseOf(
  type: string,
  kept: KeptAnswer,
  held: boolean,
  coded: { readonly coding: Coding; readonly bytes: Buffer } | null,
): KeptResponse {
  const headers = keptHeaders(kept);
  headers["content-type"] = `${type}; charset=utf-8`;
  if (coded) headers["content-encoding"] = coded.coding;
  const bytes = held ? null : (coded?.bytes ?? kept.bytes);
  const all = { ...COMMON_HEADERS, ...headers, ...(bytes ? { "content-length": String(bytes.length) } : {}) };
  return { status: held ? 304 : 200, headers, rawHeaders: Object.entries(all).flat(), bytes };
}

/** The coding to answer with, by an Accept-Encoding header; null for none. */
export function chosenCoding(accepted: string | undefined, bytes: number): Coding | null {
  if (accepted === undefined || bytes < WORTH_COMPRESSING) return null;
  const wanted = new Set(
    accepted.split(",").flatMap((part) => {
      const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
      return parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)) ? [] : name;
    }),
  );
  if (wanted.has("br")) return "br";
  return wanted.has("gzip") ? "gzip" : null;
}
