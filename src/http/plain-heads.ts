import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { bearerToken, valuesOf } from "./auth";
import { Briefly } from "./briefly";
import { MAX_BODY_BYTES } from "./json-body";
import { chosenResponseType, type ResponseType } from "./media-type";
import { isLoopbackHost } from "./origins";

/** What the headers of a plain request say. */
export interface PlainHead {
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  /** The type that it wants an answer of. */
  readonly type: ResponseType;
  /** Its bearer token; null where it has none. */
  readonly token: string | null;
}

const PLAIN_HOST = /^[A-Za-z0-9.-]{1,255}(?::\d{1,5})?$/;
const DIGITS = /^\d{1,6}$/;
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
/** Headers with which a request is more than the usual: a page of another origin, a coded body. */
const UNUSUAL = ["origin", "content-encoding", "transfer-encoding", "expect"] as const;

/** Tells plain requests from others by their headers; those of a client repeat each other to the letter, and are read once a second. */
export class PlainHeads {
  private readonly last = new Briefly<PlainHead>();

  /** `loopbackOnly`: only loopback Hosts are served. */
  constructor(private readonly loopbackOnly: boolean) {}

  /** What a request's headers say; null where it is not plain. */
  of(request: IncomingMessage): PlainHead | null {
    const { rawHeaders } = request;
    const [credentials = ""] = valuesOf("authorization", rawHeaders);
    const last = this.last.get(credentials);
    if (last && areSame(last.rawHeaders, rawHeaders)) return last;
    const head = this.read(request);
    if (head) this.last.set(credentials, head);
    return head;
  }

  private read({ rawHeaders, headers }: IncomingMessage): PlainHead | null {
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return null;
    const { host = "", "content-type": contentType = "", "content-length": length = "" } = headers;
    if (!(this.loopbackOnly ? isLoopbackHost(host) : PLAIN_HOST.test(host))) return null;
    if (!JSON_TYPE.test(contentType) || !DIGITS.test(length) || Number(length) > MAX_BODY_BYTES) return null;
    const type = chosenResponseType(headers.accept);
    if (type === null) return null;
    try {
      return { rawHeaders, headers, type, token: bearerToken(rawHeaders) };
    } catch {
      // Credentials that cannot be accepted: whoever answers them says why.
      return null;
    }
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false;
  return true;
}
