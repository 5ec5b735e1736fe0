/** Who may call. `secret`: HS256 by a shared key of at least 32 bytes; `jwks`: signatures by keys published at `url`. */
export type AuthSettings =
  | { readonly kind: "demo" }
  | {
      readonly kind: "secret";
      readonly secret: Uint8Array;
      readonly issuer: string | null;
      readonly audience: string | null;
    }
  | { readonly kind: "jwks"; readonly url: URL; readonly issuer: string; readonly audience: string };
