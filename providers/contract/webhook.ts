import type { DayRange } from "../../src/domain/days";

/**
 * How a vendor signs: HMAC-SHA256 over the timestamp's text followed by the body as it came, or over the body alone.
 * The engine computes and compares it in constant time, the text as sent: another letter case or encoding is another signature.
 */
export interface WebhookSignature {
  /** The header that holds the signature, in lower case. */
  readonly header: string;
  /** Digits of the signature; `HEX` in upper case. */
  readonly encoding: "hex" | "HEX" | "base64";
  /** The header, in lower case, of the signed time since 1970; one more than five minutes away is refused. Default: none is signed. */
  readonly timestamp?: { readonly header: string; readonly unit: "seconds" | "milliseconds" };
  /** What the vendor signs with, unless `<SLUG>_WEBHOOK_SECRET` is set: the client's secret, or one of its own that has to be set. */
  readonly key: "client_secret" | "webhook_secret";
}

/** What one event tells: where to look again, never data. */
export interface WebhookEvent {
  /** Names the event among all of the vendor's, the same in every delivery of it. */
  readonly key: string;
  /** Whether the vendor says the same words of a later change too, so that they count again whenever they come. Default: no. */
  readonly repeats?: boolean;
  /** The vendor's user, as `identity` names them. */
  readonly vendorUserId: string;
  readonly change: "created" | "updated" | "deleted";
  /** Names of the endpoints to read again; none: the event is recorded and does nothing. */
  readonly endpoints: readonly string[];
  /** The document that tells the day: `id` at an endpoint that is not necessarily among those to read again. */
  readonly document?: { readonly endpoint: string; readonly id: string };
  /** Days that the event itself names, or may mean. */
  readonly days?: DayRange;
}

/**
 * A GET at the address of the notices by which the vendor asks whether we want them. It proves by a token that it is about us; whoever
 * does not know it is refused, and so is a parameter that is missing or comes twice. Only where notices are signed: at an address that
 * ends in a secret no GET is answered.
 */
export interface WebhookHandshake {
  /** Query parameter that holds the token. */
  readonly token: string;
  /**
   * Whose the token is. `gateway` (default): ours, given to the vendor with each subscription. `vendor`: a code that the vendor shows
   * the operator, who sets it as `<SLUG>_WEBHOOK_SECRET`; notices are then signed with the client's secret.
   */
  readonly issuer?: "gateway" | "vendor";
  /** Query parameter that holds the challenge, which is answered with status 200 in a JSON object; null: nothing is repeated. */
  readonly challenge: string | null;
  /** Member of the answer that repeats the challenge. Default: named as the parameter. */
  readonly answerIn?: string;
  /** Status of the empty answer where nothing is repeated. Default: 204. */
  readonly acceptance?: 200 | 204;
  /** Further query parameters that must have these values. Default: none. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Status that refuses whoever does not know the token. */
  readonly refusal: 401 | 403 | 404;
}

/** A vendor's notices of new data, as data and pure functions. The engine verifies, keeps and works them off. */
export interface WebhookProfile {
  /** `secret_path`: unsigned; the address ends in a secret (`<SLUG>_WEBHOOK_SECRET`), what comes is a hint, and HEAD is answered. */
  readonly signature: WebhookSignature | "secret_path";
  /** How bodies are written. Default: JSON. */
  readonly format?: "json" | "form";
  /** How the vendor asks whether we want its notices. Default: it does not. */
  readonly handshake?: WebhookHandshake;
  /** Seconds within which the vendor wants its answer. */
  readonly answerWithinSeconds: number;
  /** Whether a body only asks if anybody is there: answered, unsigned too, and nothing done. Default: the vendor sends none. */
  readonly isPing?: (body: unknown) => boolean;
  /** Reads an authentic body; a form as its fields. Throws {@link WireError} where it is not what the vendor documents. */
  read(body: unknown): readonly WebhookEvent[];
}
