import type { AddressInfo } from "node:net";
import formbody from "@fastify/formbody";
import fastify from "fastify";
import type { Provider } from "../../providers/contract/provider";
import type { AuthorizationServer } from "./authorize";
import { type Call, CallLog } from "./calls";
import { addCloud, type OAuthPaths, type SimulatorLog } from "./cloud";
import { addControl } from "./control";
import { MadeUpCursors } from "./cursors";
import { Faults } from "./faults";
import { Grants, type KilledGrant } from "./grants";
import { People } from "./people";
import { RateLimit } from "./rate-limit";
import { DEFAULT_SETTINGS, type Settings } from "./settings";
import { loadState, saveState } from "./state-file";
import { Subscriptions } from "./subscriptions";
import { type SentWebhook, Webhooks } from "./webhooks";

/** What a simulator is made of. */
export interface SimulatorOptions {
  readonly provider: Provider;
  /** The one registered client. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** What webhooks are signed with. Default: the client's secret. */
  readonly webhookSecret?: string;
  /** Registered redirection addresses, compared exactly. Default: any http or https address of this machine. */
  readonly redirectUris?: readonly string[];
  /** Port on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** All people and data follow from it. Default: 1. */
  readonly seed?: number;
  /** Epoch seconds. Default: the system's clock. */
  readonly now?: () => number;
  readonly settings?: Partial<Settings>;
  /** Where grants are kept, so that linked accounts go on after a restart. Default: nowhere. */
  readonly stateFile?: string;
  readonly log?: SimulatorLog;
}

/** A stand-in for a vendor's cloud that is listening. */
export interface Simulator {
  /** `http://127.0.0.1:<port>`: the data endpoints, and `/__simulator` for people. */
  readonly origin: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** Null where the vendor has no way to revoke; `{vendorUserId}` in it stands for the vendor's user. */
  readonly revokeUrl: string | null;
  readonly people: People;
  readonly faults: Faults;
  /** Where webhooks go. */
  readonly subscriptions: Subscriptions;
  /** Every request to the vendor's paths, oldest first; the newest 10,000. */
  calls(): readonly Call[];
  resetCalls(): void;
  /** How many requests the rate limit has refused since the calls were reset. */
  refused(): number;
  /** Grants that a twice-used code or refresh token has killed. */
  killedGrants(): readonly KilledGrant[];
  /** Webhooks sent or still to be sent, oldest first; the newest 10,000. */
  webhooks(): readonly SentWebhook[];
  settings(): Settings;
  change(settings: Partial<Settings>): void;
  /** Revokes every grant of a person and ends their registration, as when they withdraw access in the vendor's own app; how many grants there were. */
  withdraw(user: string): number;
  /** Lifts faults, undoes changes of data and settings, forgets the calls; grants and subscriptions stay. */
  reset(): void;
  /** Closes the port and every connection, those kept waiting included. */
  stop(): Promise<void>;
}

/** Ten minutes: the most that RFC 6749 §4.1.2 recommends. */
const CODE_SECONDS = 600;

/** Starts a stand-in for the provider's cloud on the loopback interface; rejects where the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { provider, clientId, clientSecret, seed = 1, stateFile, log = null } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const initial: Settings = { ...DEFAULT_SETTINGS, ...options.settings };
  let settings = initial;
  let origin = "";

  const stopping = new AbortController();
  const calls = new CallLog();
  const faults = new Faults();
  const cursors = new MadeUpCursors();
  const limit = new RateLimit();
  const people: People = new People(provider, seed, now, (changes) => webhooks.tell(changes));
  const subscriptions = new Subscriptions({
    provider,
    clientId,
    clientSecret,
    seconds: () => settings.subscriptionSeconds,
    now,
  });
  const grants: Grants = new Grants({
    refresh: provider.oauth.refresh,
    accessTokenSeconds: () => settings.accessTokenSeconds ?? provider.synthetic.accessTokenSeconds,
    codeSeconds: provider.synthetic.codeSeconds ?? CODE_SECONDS,
    now,
    changed: () => stateFile !== undefined && saveState(stateFile, grants.snapshot()),
  });
  const saved = stateFile === undefined ? null : loadState(stateFile);
  if (saved !== null) grants.restore(saved);
  for (const user of grants.users()) people.person(user);

  const paths = pathsOf(provider);
  const change = (changed: Partial<Settings>): void => {
    settings = { ...settings, ...changed };
  };
  const webhooks = new Webhooks({
    ...{ provider, people, subscriptions, now, log, change, stopped: stopping.signal },
    secret: options.webhookSecret ?? clientSecret,
    settings: () => settings,
    isGranted: (user) => grants.isGranted(user),
  });
  const authorization: AuthorizationServer = {
    provider,
    clientId,
    redirectUris: options.redirectUris ?? null,
    decisionUrl: () => `${origin}${paths.decision}`,
    grants,
    withheld: () => settings.withheldScopes,
  };

  const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
  await app.register(formbody);
  app.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    payload.on("end", () => done(null));
  });
  app.setErrorHandler((error: { statusCode?: number; name?: string; stack?: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log?.error({ error: error.name, at: framesOf(error.stack) }, "the simulator failed");
    return reply.code(status).send({ error: status >= 500 ? "simulator_error" : "bad_request" });
  });
  const overview = { provider, people, calls, faults, webhooks, subscriptions };
  addControl(app, { ...overview, grants, limit, change, settings: () => settings, origin: () => origin });
  const tokens = { provider, clientId, clientSecret, grants, people };
  const asked = { provider, authorization, tokens, grants, people, subscriptions };
  const parts = { ...asked, faults, cursors, calls, limit, now, log };
  addCloud(app, { ...parts, settings: () => settings, stopped: stopping.signal }, paths);

  await app.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

  return {
    origin,
    authorizeUrl: `${origin}${paths.authorize}`,
    tokenUrl: `${origin}${paths.token}`,
    revokeUrl: paths.revoke === null ? null : `${origin}${paths.revoke}`,
    people,
    faults,
    subscriptions,
    calls: () => calls.all(),
    resetCalls: () => {
      calls.reset();
      limit.reset();
    },
    refused: () => limit.refused(),
    killedGrants: () => grants.killed(),
    webhooks: () => webhooks.sent(),
    settings: () => settings,
    change,
    withdraw: (user) => grants.revokeAllOf(user),
    reset: () => {
      faults.clear();
      people.reset();
      calls.reset();
      limit.reset();
      settings = initial;
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([app.close(), webhooks.ended()]);
    },
  };
}

/** The first frames of a stack, without the message above them: it may quote documents. */
function framesOf(stack = ""): readonly string[] {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return frames.slice(0, 5).map((line) => line.trim());
}

function pathsOf({ oauth }: Provider): OAuthPaths {
  const pathname = (url: string): string => new URL(url).pathname;
  const authorize = pathname(oauth.authorizeUrl);
  return {
    authorize,
    decision: `${authorize.replace(/\/$/, "")}/decision`,
    token: pathname(oauth.tokenUrl),
    // URL escapes the braces of {vendorUserId}.
    revoke: oauth.revocation ? decodeURI(pathname(oauth.revocation.url)) : null,
  };
}
