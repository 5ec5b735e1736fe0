import { randomUUID } from "node:crypto";
import { AccountFenced, ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import type { OAuthClient } from "../../oauth/client";
import { type OAuthSurroundings, revokeGrant } from "../../oauth/token-endpoint";
import type { PersonChanged } from "../ports/changes";
import { type Decision, GrantBusy, type GrantStore, type StoredGrant } from "../ports/grants";
import type { AccessToken } from "../ports/tokens";
import type { PersonVault, Vaults } from "../ports/vault";
import { coolDownUntil, exchangeRefreshToken, tokenHashPrefix } from "./exchange";
import { Slots } from "./slots";
import { isFresh, openTokens, payloadOf, sealTokens, type TokenPayload } from "./token-payload";
import { coolingDown, usableGrant } from "./usable";

/** Exchanges under way at once per provider and process, so that a slow one leaves the refresh pool to the others. */
const EXCHANGES_PER_PROVIDER = 3;

/** What a refresh came to, for metrics. */
export type RefreshOutcome = "replaced" | "refused" | "failed" | "unneeded" | "busy" | "fenced";

/** What the token service works with. */
export interface TokensOptions {
  readonly grants: GrantStore;
  readonly vaults: Vaults;
  readonly clients: ReadonlyMap<string, OAuthClient>;
  readonly oauth: OAuthSurroundings;
  readonly onPersonChanged?: PersonChanged;
  readonly onRefresh?: (provider: string, outcome: RefreshOutcome) => void;
}

/** What the decision under the lock leaves for afterwards. */
interface Draft {
  outcome: RefreshOutcome;
  /** The grant as it was found under the lock. */
  held?: StoredGrant;
  token?: AccessToken;
  issued?: TokenPayload;
  error?: Error;
}

/**
 * One refresh of one grant, by TRUST's algorithm: lock, read again, note the attempt, ask the provider, compare and set, and only
 * then give the token out.
 */
export class Refresher {
  private readonly slots = new Map<string, Slots>();

  constructor(private readonly options: TokensOptions) {}

  /** Refreshes unless somebody has: `refused` is the generation that the provider refused, null where the token expired. */
  async refresh(personId: string, accountId: string, refused: number | null): Promise<AccessToken> {
    const { grants, vaults } = this.options;
    const known = usableGrant(await grants.read(personId, accountId));
    // Asked before the lock is taken: it needs a connection of its own.
    const vault = await vaults.of(personId);
    return this.slotsOf(known.provider).run(async () => {
      const draft: Draft = { outcome: "failed" };
      try {
        const result = await grants.locked(personId, accountId, (grant) =>
          this.decide(personId, vault, grant, refused, draft),
        );
        if (result?.dataVersion != null) this.options.onPersonChanged?.(personId, result.dataVersion);
        if (result?.outcome === "fenced") return await this.fence(vault, draft);
        if (result?.outcome === "superseded") return await this.current(personId, accountId, vault, draft);
        if (draft.token) return draft.token;
        throw draft.error ?? new AccountFenced("the account is not linked any more");
      } catch (error) {
        if (!(error instanceof GrantBusy)) throw error;
        draft.outcome = "busy";
        return await this.current(personId, accountId, vault, draft, refused);
      } finally {
        this.options.onRefresh?.(known.provider, draft.outcome);
      }
    });
  }

  /** Under the lock; must not throw once the provider has answered with tokens. */
  private async decide(
    personId: string,
    vault: PersonVault,
    locked: StoredGrant | null,
    refused: number | null,
    draft: Draft,
  ): Promise<Decision> {
    if (locked) draft.held = locked;
    const grant = usableGrant(locked);
    const now = this.options.oauth.now();
    const payload = openTokens(vault, grant.provider, grant.accountId, grant.sealedTokens);
    if (refused === null ? isFresh(payload, now) : grant.generation !== refused) {
      Object.assign(draft, {
        outcome: "unneeded",
        token: { value: payload.accessToken, generation: grant.generation },
      });
      return null;
    }
    if (grant.retryAt !== null && grant.retryAt > now) throw coolingDown(grant.retryAt);
    const client = this.options.clients.get(grant.provider);
    if (!client) throw new UpstreamFailure("REJECTED", "the provider is not configured any more", { sent: false });
    if (payload.refreshToken === null || client.profile.refresh === "none") {
      return refusal(draft, now, null, "the access token ended and there is no refresh token");
    }
    const attempt = {
      id: randomUUID(),
      accountId: grant.accountId,
      generation: grant.generation,
      tokenHashPrefix: tokenHashPrefix(payload.refreshToken),
    };
    const earlier = await this.options.grants.beginAttempt(personId, attempt);
    if (earlier.kind === "under_way") throw refreshedElsewhere(earlier.until);
    const exchanged = await exchangeRefreshToken(this.options.oauth, client, payload.refreshToken);
    const then = this.options.oauth.now();
    if (exchanged.kind === "refused") {
      const detail =
        earlier.kind === "unknown"
          ? "the refresh token was refused after an attempt of which nobody learnt the outcome"
          : "the refresh token was refused";
      return refusal(draft, then, attempt.id, detail);
    }
    if (exchanged.kind === "failed") {
      draft.error = exchanged.failure;
      const retryAt = coolDownUntil(then, grant.failures, exchanged.failure);
      const change = { kind: "postpone", retryAt, outcome: exchanged.failure.kind } as const;
      return { change, attemptId: attempt.id };
    }
    const issued = payloadOf(exchanged.tokens, then, refused !== null);
    const sealedTokens = sealTokens(vault, grant.provider, grant.accountId, issued);
    const token = { value: issued.accessToken, generation: grant.generation + 1 };
    Object.assign(draft, { outcome: "replaced", token, issued });
    // Where a refresh has to name scopes of its own, the answer's tell nothing of what the person granted.
    const scopes = client.profile.refreshParameters?.["scope"] === undefined ? exchanged.tokens.scopes : null;
    return { change: { kind: "replace", sealedTokens, expiresAt: issued.expiresAt, scopes }, attemptId: attempt.id };
  }

  /** What is stored by now, after somebody else had the lock or changed the tokens first: a lost race is no revocation. */
  private async current(
    personId: string,
    accountId: string,
    vault: PersonVault,
    draft: Draft,
    refused: number | null = null,
  ): Promise<AccessToken> {
    const grant = usableGrant(await this.options.grants.read(personId, accountId));
    const payload = openTokens(vault, grant.provider, accountId, grant.sealedTokens);
    if (grant.generation !== refused && isFresh(payload, this.options.oauth.now())) {
      draft.outcome = "unneeded";
      return { value: payload.accessToken, generation: grant.generation };
    }
    throw refreshedElsewhere();
  }

  /** The account was disconnected during the exchange: what was issued meanwhile, or else what was stored, is given back. */
  private async fence(vault: PersonVault, draft: Draft): Promise<never> {
    draft.outcome = "fenced";
    const { held, issued } = draft;
    const client = held && this.options.clients.get(held.provider);
    if (client) {
      const { provider, accountId, vendorUserId, sealedTokens } = held;
      const tokens = issued ?? openTokens(vault, provider, accountId, sealedTokens);
      await revokeGrant(this.options.oauth, client, { ...tokens, vendorUserId });
    }
    throw new AccountFenced("the account was disconnected while its token was refreshed");
  }

  private slotsOf(provider: string): Slots {
    const slots = this.slots.get(provider) ?? new Slots(EXCHANGES_PER_PROVIDER);
    this.slots.set(provider, slots);
    return slots;
  }
}

function refusal(draft: Draft, at: number, attemptId: string | null, detail: string): Decision {
  draft.outcome = "refused";
  draft.error = new ReconnectRequired(`${detail}: the person must link again`);
  return { change: { kind: "refuse", at, detail }, attemptId };
}

function refreshedElsewhere(retryAt?: number): UpstreamFailure {
  return new UpstreamFailure("UNAVAILABLE", "the access token is being refreshed elsewhere", {
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}
