import { UserFacingError } from "../../domain/errors";
import { type OAuthClient, scopesOf, type TokenSet } from "../../oauth/client";
import type { CallbackQuery } from "./callback-query";

/** The scopes to ask for: those named, else the profile's default; throws {@link UserFacingError} SCOPE_UNKNOWN. */
export function scopesAsked(client: OAuthClient, asked: readonly string[] | null): readonly string[] {
  if (asked === null || asked.length === 0) return client.profile.defaultScopes;
  const unknown = asked.filter((scope) => !client.profile.scopes.includes(scope));
  if (unknown.length === 0) return [...new Set(asked)];
  throw new UserFacingError(
    "SCOPE_UNKNOWN",
    `the provider knows no such scope; it knows ${client.profile.scopes.join(", ")}`,
    {
      field: ["input", "scopes"],
    },
  );
}

/** The token answer's scope, else the callback's, else those asked for. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
export function grantedScopes(
  client: OAuthClient,
  tokens: TokenSet,
  query: CallbackQuery,
  asked: readonly string[],
): readonly string[] {
  return tokens.scopes ?? scopesOf(query.scope, client.profile.scopeSeparator) ?? asked;
}
