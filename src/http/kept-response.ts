import type { IncomingHttpHeaders } from "node:http";
import { type AnswerCache, type Coding, type KeptAnswer, type Question } from "./answer-cache";

/** A kept answer as it is sent. */
export interface KeptResponse {
  readonly status: 200 | 304;
  readonly headers: Readonly<Record<string, string>>;
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
  const headers = keptHeaders(kept);
  headers["content-type"] = `${question.type}; charset=utf-8`;
  if (asked["if-none-match"]?.includes(kept.etag)) return { status: 304, headers, bytes: null };
  const coding = chosenCoding(asked["accept-encoding"], kept.bytes.length);
  if (!coding) return { status: 200, headers, bytes: kept.bytes };
  const bytes = await answers.coded(question, kept, coding);
  return { status: 200, headers: { ...headers, "content-encoding": coding }, bytes };
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
