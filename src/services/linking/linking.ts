import { UpstreamFailure, UserFacingError } from "../../domain/errors";
import { authorizationUrl, randomSecret } from "../../oauth/authorization";
import { type OAuthClient, TokenRefused } from "../../oauth/client";
import { exchangeCode, giveBackGrant, type OAuthSurroundings, revokeGrant } from "../../oauth/token-endpoint";
import type { Account, CallbackOutcome, LinkingApi, LinkStart, Person } from "../api";
import type { ConfiguredProvider } from "../fetching/ask";
import type { Budgets } from "../ports/budgets";
import type { PersonChanged } from "../ports/changes";
import type { ForgottenGrant, LinkStore, PendingLink } from "../ports/links";
import type { PersonVault, Vaults } from "../ports/vault";
import { openTokens, payloadOf, sealTokens } from "../tokens/token-payload";
import { type CallbackQuery, LINK_CODE, readCallbackQuery } from "./callback-query";
import { identifyGrant } from "./grant";
import { failedOutcome, refusedPage, userFacing, withParameters } from "./outcome";
import { grantedScopes, scopesAsked } from "./scopes";
import { hashOf, jsonOf, type LinkRequest, type LinkResult, resultContext, stateContext } from "./sealed";

/** Seconds for which a person may take to consent, and an exchanged grant waits to be completed. */
const LINK_SECONDS = 600;

/** What linking needs of the rest of the gateway. */
export interface LinkingParts {
  readonly links: LinkStore;
  readonly vaults: Vaults;
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  /** By provider; none where it is not configured. */
  readonly clients: ReadonlyMap<string, OAuthClient>;
  readonly oauth: OAuthSurroundings;
  readonly budgets: Budgets;
  readonly onPersonChanged?: PersonChanged;
  /** Compared exactly. */
  readonly allowedReturnUrls: readonly string[];
  /** Whether the callback links at once, or only `complete` under the same person's credentials. */
  readonly completion: "callback" | "app";
}

/** A state that was taken, opened. */
interface TakenLink {
  readonly personId: string;
  readonly provider: string;
  readonly request: LinkRequest;
}

/** Linking by the authorization-code flow. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1 */
export class LinkingService implements LinkingApi {
  constructor(private readonly parts: LinkingParts) {}

  /** @inheritdoc */
  async connect(
    person: Person,
    input: { provider: string; scopes: readonly string[] | null; returnUrl: string | null },
  ): Promise<LinkStart> {
    const client = this.clientOf(input.provider);
    const { returnUrl } = input;
    if (returnUrl !== null && !this.parts.allowedReturnUrls.includes(returnUrl)) {
      throw new UserFacingError("RETURN_URL_NOT_ALLOWED", "returnUrl is not one of the allowed addresses", {
        field: ["input", "returnUrl"],
      });
    }
    const scopes = scopesAsked(client, input.scopes);
    const state = randomSecret();
    const verifier = client.profile.pkce ? randomSecret() : null;
    const expiresAt = Math.floor(this.parts.oauth.now()) + LINK_SECONDS;
    const vault = await this.parts.vaults.of(person.id);
    const stateHash = hashOf(state);
    const request: LinkRequest = { verifier, returnUrl, scopes };
    const sealedRequest = vault.seal(stateContext(stateHash, input.provider), jsonOf(request));
    await this.parts.links.addState({
      personId: person.id,
      stateHash,
      provider: input.provider,
      sealedRequest,
      expiresAt,
    });
    return { authorizationUrl: authorizationUrl(client, { state, scopes, verifier }), state, expiresAt };
  }

  /** @inheritdoc */
  async callback(provider: string, query: URLSearchParams): Promise<CallbackOutcome> {
    const read = readCallbackQuery(query);
    if (!read) return refusedPage("The address that you came back with is malformed.");
    if (read.linkCode !== null) return waitingPage();
    const taken = await this.take(provider, read.state);
    if (!taken)
      return refusedPage(
        "It is unknown, was used already, or is older than ten minutes. Please start again in your app.",
      );
    const { personId, request } = taken;
    try {
      const result = await this.exchange(taken, read);
      if (this.parts.completion === "app") return await this.orGiveBack(provider, result, this.park(taken, result));
      await this.finish(personId, provider, result);
    } catch (error) {
      return failedOutcome(error, request.returnUrl, provider);
    }
    if (request.returnUrl !== null) {
      const location = withParameters(request.returnUrl, { status: "connected", provider });
      return { kind: "redirect", location };
    }
    return {
      kind: "page",
      status: 200,
      title: "Your wearable is linked",
      message: "Go back to your app.",
    };
  }

  /** @inheritdoc */
  async complete(person: Person, input: { provider: string; callbackUrl: string }): Promise<Account> {
    const { provider } = input;
    this.clientOf(provider);
    const query = URL.canParse(input.callbackUrl) ? readCallbackQuery(new URL(input.callbackUrl).searchParams) : null;
    if (!query) throw stateInvalid();
    try {
      return await this.finish(person.id, provider, await this.resultOf(person, provider, query));
    } catch (error) {
      throw userFacing(error);
    }
  }

  /** @inheritdoc */
  async disconnect(
    person: Person,
    input: { provider: string; deleteData: boolean },
  ): Promise<{ revokedAtProvider: boolean | null; deletedRecords: number | null }> {
    const undone = await this.parts.links.disconnect(person.id, input.provider, input.deleteData);
    if (!undone)
      throw new UserFacingError("NOT_CONNECTED", "this wearable is not linked", { field: ["input", "provider"] });
    this.parts.onPersonChanged?.(person.id, undone.dataVersion);
    const { unlinked, forgotten, deletedRecords } = undone;
    if (forgotten)
      return { revokedAtProvider: await this.revoke(person.id, input.provider, forgotten), deletedRecords };
    // A refresh holds the grant: it will give back what it gets, but nobody can say so now.
    const revocable = this.parts.clients.get(input.provider)?.revokeUrl != null;
    return { revokedAtProvider: unlinked && revocable ? false : null, deletedRecords };
  }

  private clientOf(provider: string): OAuthClient {
    const client = this.parts.clients.get(provider);
    if (client) return client;
    throw new UserFacingError("PROVIDER_NOT_CONFIGURED", "this wearable has no credentials in this gateway", {
      field: ["input", "provider"],
    });
  }

  /** Takes the state of a redirect out of the world; null where it is unknown, expired, used, or another provider's. */
  private async take(provider: string, state: string | null): Promise<TakenLink | null> {
    if (state === null) return null;
    const pending = await this.parts.links.takeState(hashOf(state), this.parts.oauth.now());
    if (!pending) return null;
    if (pending.provider !== provider) {
      await this.misused(pending, `it came to the callback of ${provider}`);
      return null;
    }
    const vault = await this.parts.vaults.of(pending.personId);
    const opened = vault.open(stateContext(pending.stateHash, provider), pending.sealedRequest);
    const request: LinkRequest = JSON.parse(opened.toString());
    return { personId: pending.personId, provider, request };
  }

  /** Asks the vendor for the tokens of a redirect; throws {@link UserFacingError} and UpstreamFailure. */
  private async exchange(taken: TakenLink, query: CallbackQuery): Promise<LinkResult> {
    const client = this.clientOf(taken.provider);
    const configured = this.parts.providers.get(taken.provider);
    if (!configured) throw new RangeError(`expected a known provider, got ${taken.provider}`);
    const { issuer } = client.profile;
    if (issuer !== undefined && query.issuer !== issuer) throw stateInvalid();
    if (query.error !== null) throw notGranted(query.error);
    if (query.code === null) throw new UserFacingError("CODE_REJECTED", "The provider gave no authorization code.");
    const { verifier } = taken.request;
    const issuedAt = this.parts.oauth.now();
    const tokens = await exchangeCode(this.parts.oauth, client, { code: query.code, verifier }).catch(codeRejected);
    const grant = await identifyGrant({ ...this.parts.oauth, budgets: this.parts.budgets }, configured, client, tokens);
    return { ...grant, scopes: grantedScopes(client, tokens, query, taken.request.scopes), issuedAt };
  }

  /** Keeps an exchanged grant sealed until its person completes it, and sends the browser back with a one-time code. */
  private async park(taken: TakenLink, result: LinkResult): Promise<CallbackOutcome> {
    const { personId, provider, request } = taken;
    const linkCode = randomSecret();
    const codeHash = hashOf(linkCode);
    const vault = await this.parts.vaults.of(personId);
    const sealedResult = vault.seal(resultContext(codeHash, provider), jsonOf(result));
    const expiresAt = this.parts.oauth.now() + LINK_SECONDS;
    await this.parts.links.addResult(personId, { codeHash, provider, sealedResult, expiresAt });
    const back = request.returnUrl ?? this.clientOf(provider).redirectUri;
    return { kind: "redirect", location: withParameters(back, { [LINK_CODE]: linkCode, provider }) };
  }

  /** The grant that a client's address stands for: one that waits, or a redirect that has not been to the callback. */
  private async resultOf(person: Person, provider: string, query: CallbackQuery): Promise<LinkResult> {
    if (query.linkCode === null) {
      const taken = await this.take(provider, query.state);
      if (!taken) throw stateInvalid();
      if (taken.personId === person.id) return this.exchange(taken, query);
      await this.misused(taken, "another person tried to complete it");
      throw stateInvalid();
    }
    const codeHash = hashOf(query.linkCode);
    const waiting = await this.parts.links.takeResult(person.id, provider, codeHash, this.parts.oauth.now());
    if (!waiting) throw stateInvalid();
    const vault = await this.parts.vaults.of(person.id);
    return JSON.parse(vault.open(resultContext(codeHash, provider), waiting.sealedResult).toString());
  }

  private async finish(personId: string, provider: string, result: LinkResult): Promise<Account> {
    const vault = await this.parts.vaults.of(personId);
    const payload = payloadOf(result.tokens, result.issuedAt, false);
    const linking = this.parts.links.link(personId, {
      provider,
      vendorUserId: result.vendorUserId,
      grantedScopes: result.scopes,
      at: this.parts.oauth.now(),
      expiresAt: payload.expiresAt,
      seal: (accountId) => sealTokens(vault, provider, accountId, payload),
    });
    const { account, dataVersion, displaced } = await this.orGiveBack(provider, result, linking);
    this.parts.onPersonChanged?.(personId, dataVersion);
    for (const forgotten of displaced) await this.revoke(personId, provider, forgotten);
    return account;
  }

  /** The work's outcome; where it fails, the grant that it would have stored is given back. */
  private async orGiveBack<T>(provider: string, { tokens, vendorUserId }: LinkResult, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await giveBackGrant(this.parts.oauth, this.clientOf(provider), { ...tokens, vendorUserId });
      throw error;
    }
  }

  private async revoke(personId: string, provider: string, forgotten: ForgottenGrant): Promise<boolean | null> {
    const client = this.parts.clients.get(provider);
    if (!client) return null;
    const vault: PersonVault = await this.parts.vaults.of(personId);
    const { accountId, vendorUserId, sealedTokens } = forgotten;
    try {
      const tokens = openTokens(vault, provider, accountId, sealedTokens);
      // Counted where there is something left, and never withheld.
      await this.parts.budgets.take(provider, { accountId: null, background: false, patienceMs: 0 });
      return await revokeGrant(this.parts.oauth, client, { ...tokens, vendorUserId });
    } catch {
      // Tokens that do not open cannot be given back, and the unlinking is committed.
      return false;
    }
  }

  private async misused(link: Pick<PendingLink, "personId" | "provider">, detail: string): Promise<void> {
    await this.parts.links.audit(link.personId, { event: "LINK_STATE_MISUSED", provider: link.provider, detail });
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 */
function notGranted(error: string): Error {
  return error === "server_error" || error === "temporarily_unavailable"
    ? new UpstreamFailure("UNAVAILABLE", "the authorization endpoint is out of order")
    : new UserFacingError("AUTHORIZATION_DENIED", "The provider says that access was not granted.");
}

function codeRejected(error: unknown): never {
  if (!(error instanceof TokenRefused)) throw error;
  // A fault told inside an answer of status 200, or credentials of ours that are wrong: neither says anything of the code.
  if (error.reason === "invalid_client" || (error.reason === "other" && error.status < 300)) {
    throw new UpstreamFailure("UNAVAILABLE", "the token endpoint refused for a reason of its own", { cause: error });
  }
  throw new UserFacingError("CODE_REJECTED", "The provider did not accept its own authorization code.", {
    cause: error,
  });
}

function stateInvalid(): UserFacingError {
  return new UserFacingError(
    "STATE_INVALID",
    "the address is unknown, was used already, belongs to somebody else, or is too old",
    {
      field: ["input", "callbackUrl"],
    },
  );
}

function waitingPage(): CallbackOutcome {
  return {
    kind: "page",
    status: 200,
    title: "Almost done",
    message: "The provider has agreed. Go back to your app to finish linking.",
  };
}
