import type { Person } from "./people";

/** What a server key may do: `read` any person of the application, `write` (mutations) for any of them, `admin` the gateway's own workings. */
export const KEY_SCOPES = ["read", "write", "admin"] as const;

/** One of {@link KEY_SCOPES}. */
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A back end's key. `prefix`: the part that may be shown; `expiresAt`: epoch seconds, null for never. */
export interface ServerKey {
  readonly id: string;
  readonly prefix: string;
  readonly scopes: readonly KeyScope[];
  readonly expiresAt: number | null;
}

/** Who makes a request: a person for themselves, or a back end that may act for any person of the application. */
export type Caller =
  | { readonly kind: "person"; readonly person: Person }
  | { readonly kind: "server"; readonly key: ServerKey };
