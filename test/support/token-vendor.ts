import { Pool } from "pg";
import type { Provider } from "../../providers/contract/provider";
import { createGrantStore } from "../../src/db/repositories/grants";
import { createLinkStore } from "../../src/db/repositories/links";
import type { Account, Person } from "../../src/domain/people";
import type { OAuthClient } from "../../src/oauth/client";
import { LinkingService } from "../../src/services/linking/linking";
import type { RefreshOutcome } from "../../src/services/tokens/refresher";
import { openTokens } from "../../src/services/tokens/token-payload";
import { createTokens } from "../../src/services/tokens/tokens";
import { type Simulator, startSimulator } from "../../src/simulator";
import { createOutbound } from "../../src/upstream/outbound";
import { acme } from "../unit/simulator/acme";
import { readForm } from "../unit/simulator/newcomer";
import { UNLIMITED } from "./budgets";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database";

const CREDENTIALS = { clientId: "client", clientSecret: "s3cret:&+ %" };
/** An address that linking may send people back to. */
export const RETURN_URL = "https://app.example.com/linked?from=gateway";

/** An account's grant as it is stored, with the account's own status; the grant's columns are null where there is none. */
interface GrantRow {
  readonly status: string;
  readonly granted_scopes: string[];
  readonly sealed_tokens: Buffer;
  readonly failures: number;
  readonly retry_at: Date;
  readonly refused_at: Date | null;
}

/** A failure with what the gateway's kinds of it have. */
export type Failure = Error & { readonly kind?: string; readonly code?: string };

/** One database for a test file; every vendor of its tests stores there. */
export class TokenWorld {
  private readonly vendors: TokenVendor[] = [];
  private constructor(
    readonly at: MigratedDatabase,
    readonly admin: Pool,
  ) {}

  static async create(): Promise<TokenWorld> {
    const at = await migratedDatabase();
    return new TokenWorld(at, new Pool({ connectionString: at.fresh.adminUrl, max: 4 }));
  }

  async person(): Promise<Person> {
    const id = await this.at.addPerson();
    return { id, externalId: id };
  }

  /** A vendor's cloud and a gateway before it, until the world is reset. */
  async vendor(provider: Provider = acme): Promise<TokenVendor> {
    const vendor = await TokenVendor.start(this, provider);
    this.vendors.push(vendor);
    return vendor;
  }

  async rows<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.admin.query(sql, [...parameters])).rows;
  }

  async one<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): Promise<T> {
    return (await this.rows<T>(sql, parameters))[0]!;
  }

  async dataVersion(person: Person): Promise<number> {
    return Number((await this.one("SELECT data_version FROM people WHERE id = $1", [person.id])).data_version);
  }

  async grant(accountId: string) {
    return this.one<GrantRow>(
      `SELECT g.*, a.status, a.granted_scopes FROM accounts a
       LEFT JOIN grants g ON g.account_id = a.id AND g.person_id = a.person_id WHERE a.id = $1`,
      [accountId],
    );
  }

  async reset(): Promise<void> {
    await Promise.all(this.vendors.splice(0).map((vendor) => vendor.stop()));
  }

  async close(): Promise<void> {
    await this.reset();
    await this.admin.end();
    await this.at.close();
  }
}

/** A vendor's simulated cloud with linking and tokens as one process of the gateway has them; all share one clock. */
export class TokenVendor {
  /** Seconds by which the clock of vendor and gateway is ahead. */
  ahead = 0;
  readonly now = () => Date.now() / 1_000 + this.ahead;
  readonly outcomes: RefreshOutcome[] = [];
  readonly versions: number[] = [];
  readonly client: OAuthClient;
  readonly tokens: ReturnType<typeof createTokens>;
  private readonly outbound: ReturnType<typeof createOutbound>;
  private constructor(
    readonly world: TokenWorld,
    readonly provider: Provider,
    readonly simulator: Simulator,
  ) {
    const { slug } = provider;
    const revocation = provider.oauth.revocation;
    this.client = {
      provider: slug,
      profile: provider.oauth,
      ...CREDENTIALS,
      redirectUri: `http://localhost:4000/oauth/${slug}/callback`,
      authorizeUrl: simulator.authorizeUrl,
      tokenUrl: simulator.tokenUrl,
      revokeUrl: revocation ? revocation.url.replace(/^https:\/\/[^/]+/, simulator.origin) : null,
    };
    this.outbound = createOutbound({ allowedOrigins: new Map([[slug, new Set([simulator.origin])]]) });
    this.tokens = this.gateway();
  }

  static async start(world: TokenWorld, provider: Provider): Promise<TokenVendor> {
    const held: { vendor?: TokenVendor } = {};
    const now = () => held.vendor?.now() ?? Date.now() / 1_000;
    const simulator = await startSimulator({ provider, ...CREDENTIALS, now });
    held.vendor = new TokenVendor(world, provider, simulator);
    return held.vendor;
  }

  get oauth() {
    return { outbound: this.outbound, now: this.now };
  }

  /** A token service as a further process of the gateway has it. */
  gateway() {
    return createTokens({
      grants: createGrantStore(this.world.at.database),
      vaults: this.world.at.vaults,
      clients: new Map([[this.provider.slug, this.client]]),
      oauth: this.oauth,
      onPersonChanged: (_person, version) => this.versions.push(version),
      onRefresh: (_provider, outcome) => this.outcomes.push(outcome),
    });
  }

  linking(completion: "callback" | "app" = "callback"): LinkingService {
    const other = { ...this.client, provider: "other" };
    return new LinkingService({
      budgets: UNLIMITED,
      links: createLinkStore(this.world.at.database),
      vaults: this.world.at.vaults,
      providers: new Map([
        [this.provider.slug, { provider: this.provider, apiUrl: this.simulator.origin }],
        ["other", { provider: { ...this.provider, slug: "other" }, apiUrl: this.simulator.origin }],
        ["bare", { provider: { ...this.provider, slug: "bare" }, apiUrl: this.simulator.origin }],
      ]),
      clients: new Map([
        [this.provider.slug, this.client],
        ["other", other],
      ]),
      oauth: this.oauth,
      onPersonChanged: (_person, version) => this.versions.push(version),
      allowedReturnUrls: [RETURN_URL],
      completion,
    });
  }

  /** Starts linking and decides on the consent page; the address that the vendor sends the browser to. */
  async consent(
    person: Person,
    options: { user?: string; decision?: string; scopes?: readonly string[] | null; returnUrl?: string | null } = {},
  ): Promise<URL> {
    const { user = person.id, decision = "allow", scopes = null, returnUrl = null } = options;
    const input = { provider: this.provider.slug, scopes, returnUrl };
    const { authorizationUrl } = await this.linking().connect(person, input);
    const opened = await fetch(authorizationUrl, { redirect: "manual" });
    const { action, fields } = readForm(await opened.text());
    const body = new URLSearchParams({ ...fields, decision, user });
    const decided = await fetch(action, { method: "POST", body, redirect: "manual" });
    return new URL(decided.headers.get("location") ?? "about:blank");
  }

  /** Links from consent to stored grant. */
  async link(person: Person, user = person.id, scopes: readonly string[] | null = null): Promise<Account> {
    const back = await this.consent(person, { user, scopes });
    const input = { provider: this.provider.slug, callbackUrl: back.href };
    return this.linking().complete(person, input);
  }

  /** A linked person whose access token has ended. */
  async expired(): Promise<{ person: Person; account: Account; ask: () => Promise<string> }> {
    const person = await this.world.person();
    const account = await this.link(person);
    this.ahead += 2 * this.provider.synthetic.accessTokenSeconds;
    const ask = async () => (await this.tokens.accessToken(person.id, account.id)).value;
    return { person, account, ask };
  }

  /** What an account's grant holds. */
  async stored(person: Person, accountId: string) {
    const { sealed_tokens } = await this.world.grant(accountId);
    return openTokens(await this.world.at.vaults.of(person.id), this.provider.slug, accountId, sealed_tokens);
  }

  /** Whether the vendor takes this access token. */
  async accepts(accessToken: string): Promise<boolean> {
    const answer = await fetch(`${this.simulator.origin}/v1/me`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    return answer.status === 200;
  }

  calls(kind: string): number {
    return this.simulator.calls().filter((call) => call.kind === kind).length;
  }

  async stop(): Promise<void> {
    await this.simulator.stop();
    await this.tokens.settled();
    await this.outbound.close();
  }
}

/** The error that a promise ends with. */
export async function errorOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => {
      throw new Error("expected a failure");
    },
    (error) => error,
  );
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it did not come to hold in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
