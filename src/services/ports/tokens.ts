/** An access token that is good for some time, and the number of the grant that it belongs to. */
export interface AccessToken {
  readonly value: string;
  /** Which token of the grant's life this is; pass it back when the provider refuses it. */
  readonly generation: number;
}

/**
 * Gives access tokens, refreshed exactly once per expiry across processes.
 * Throws {@link ReconnectRequired} where the grant is refused, {@link UpstreamFailure} where the provider is out of reach.
 */
export interface Tokens {
  accessToken(personId: string, accountId: string): Promise<AccessToken>;
  /** The provider answered 401 to this generation: refresh unless somebody has already. */
  afterRefusal(personId: string, accountId: string, refused: number): Promise<AccessToken>;
}
