import { LRUCache } from "lru-cache";

/** Media types of a GraphQL answer; the first is the default. @see https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types */
export const RESPONSE_TYPES = ["application/json", "application/graphql-response+json"] as const;

/** One of {@link RESPONSE_TYPES}. */
export type ResponseType = (typeof RESPONSE_TYPES)[number];

/** Clients send few Accept headers, each of them again and again. */
const CHOSEN_ENTRIES = 200;
const LONGEST_KEPT = 500;
const chosen = new LRUCache<string, { readonly type: ResponseType | null }>({ max: CHOSEN_ENTRIES });

interface Offer {
  readonly range: string;
  readonly quality: number;
}

function offersOf(accept: string): Offer[] {
  return accept.split(",").map((part) => {
    const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { range, quality: quality === undefined ? 1 : Number.parseFloat(quality) };
  });
}

function matches(range: string, type: string): boolean {
  return range === type || range === "*/*" || (range === "application/*" && type.startsWith("application/"));
}

/** The type that an Accept header prefers: by quality, then by its own order; null where it wants neither. */
export function chosenResponseType(accept: string | undefined): ResponseType | null {
  if (accept === undefined || accept.trim() === "") return RESPONSE_TYPES[0];
  const known = chosen.get(accept);
  if (known) return known.type;
  const type = preferred(accept);
  if (accept.length <= LONGEST_KEPT) chosen.set(accept, { type });
  return type;
}

function preferred(accept: string): ResponseType | null {
  const offers = offersOf(accept);
  let best: { type: ResponseType; quality: number; index: number } | null = null;
  for (const type of RESPONSE_TYPES) {
    const exact = offers.findIndex(({ range }) => range === type);
    const index = exact >= 0 ? exact : offers.findIndex(({ range }) => matches(range, type));
    const quality = offers[index]?.quality ?? 0;
    if (!(quality > 0)) continue;
    if (!best || quality > best.quality || (quality === best.quality && index < best.index))
      best = { type, quality, index };
  }
  return best?.type ?? null;
}
