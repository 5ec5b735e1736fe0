import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { Provider } from "../../providers/contract/provider";
import type { SyntheticPerson } from "../../providers/contract/synthetic";
import { civilDay } from "../domain/days";
import { type Answer, encode, json } from "./answer";
import { type AuthorizationServer, authorize, decide, type Parameters } from "./authorize";
import type { Call, CallKind, CallLog, OpenCall } from "./calls";
import type { MadeUpCursors } from "./cursors";
import { deliver, wait } from "./deliver";
import { EffectsOf } from "./effects";
import type { Faults } from "./faults";
import type { Grant, Grants } from "./grants";
import type { People } from "./people";
import type { RateLimit } from "./rate-limit";
import type { Settings } from "./settings";
import type { Subscriptions } from "./subscriptions";
import { bearer, grantToRevoke, revoke, type TokenRequest, type TokenServer, token } from "./token";

/** Where the simulator tells what it did: route kinds and statuses, never query strings, tokens or documents. */
export interface SimulatorLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** The parts of one simulated cloud, as its routes use them. */
export interface CloudParts {
  readonly provider: Provider;
  readonly authorization: AuthorizationServer;
  readonly tokens: TokenServer;
  readonly grants: Grants;
  readonly people: People;
  readonly subscriptions: Subscriptions;
  readonly faults: Faults;
  readonly cursors: MadeUpCursors;
  readonly calls: CallLog;
  readonly settings: () => Settings;
  readonly limit: RateLimit;
  readonly now: () => number;
  readonly stopped: AbortSignal;
  readonly log: SimulatorLog | null;
}

/** Paths of the vendor's OAuth endpoints, as they stand in its profile. */
export interface OAuthPaths {
  readonly authorize: string;
  readonly decision: string;
  readonly token: string;
  /** `{vendorUserId}` in it stands for the vendor's user. */
  readonly revoke: string | null;
}

/** One request with who it is from and what will answer it. */
interface Turn {
  readonly kind: CallKind;
  readonly grant: Grant | null;
  work(call: OpenCall): Answer | Promise<Answer>;
}

const DATA_METHODS: HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** Adds the vendor's routes: OAuth at the paths of its profile, subscriptions and data at every other path. */
export function addCloud(app: FastifyInstance, parts: CloudParts, paths: OAuthPaths): void {
  const endpointOf = endpointFinder(parts.provider);
  const effectsOf = new EffectsOf(parts.provider.synthetic, parts.cursors);

  const serve = (turnOf: (request: FastifyRequest) => Turn) => async (request: FastifyRequest, reply: FastifyReply) => {
    const turn = turnOf(request);
    const path = pathOf(request);
    const call = parts.calls.begin({
      method: request.method,
      path,
      kind: turn.kind,
      endpoint: turn.kind === "data" ? endpointOf(path, { ...texts(request.query), ...texts(request.body) }) : null,
      query: texts(request.query),
      at: parts.now(),
      status: null,
      vendorUserId: turn.grant === null ? null : parts.people.person(turn.grant.user).vendorUserId,
    });
    const effects = effectsOf.call(parts.faults.take(call), call);
    if (effects.hang) {
      reply.hijack();
      return;
    }
    await wait(effects.waitBefore, parts.stopped);
    if (parts.stopped.aborted) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    const refused = turn.kind === "data" ? overLimit(parts) : null;
    const answer = encode(effects.change(effects.instead ?? refused ?? (await attempt(turn, call))));
    await wait(effects.waitAfter, parts.stopped);
    if (effects.delivery.how !== "lost") call.status = answer.status;
    logCall(parts.log, call);
    await deliver(reply, answer, effects.delivery, parts.stopped);
  };

  const tokenRequest = (request: FastifyRequest): TokenRequest => ({
    form: parameters(request.body),
    query: parameters(request.query),
    authorization: request.headers.authorization,
  });

  app.get(
    paths.authorize,
    serve((request) => ({
      kind: "authorize",
      grant: null,
      work: () => authorize(parts.authorization, parameters(request.query)),
    })),
  );
  app.post(
    paths.decision,
    serve((request) => ({
      kind: "consent",
      grant: null,
      work: (call) =>
        decide(parts.authorization, parameters(request.body), (user) => {
          call.vendorUserId = parts.people.person(user).vendorUserId;
        }),
    })),
  );
  app.post(
    paths.token,
    serve((request) => {
      const asked = tokenRequest(request);
      const refreshing = asked.form.grant_type === "refresh_token";
      const spent = asked.form.refresh_token;
      return {
        kind: refreshing ? "refresh" : "token",
        grant: refreshing && typeof spent === "string" ? parts.grants.find("refresh", spent) : null,
        work: () => token(parts.tokens, asked),
      };
    }),
  );
  const revocation = parts.provider.oauth.revocation;
  if (revocation && paths.revoke !== null) {
    app.route({
      method: revocation.method,
      url: paths.revoke.replace("{vendorUserId}", ":vendorUserId"),
      handler: serve((request) => {
        const asked = { ...tokenRequest(request), vendorUserId: texts(request.params).vendorUserId ?? null };
        return {
          kind: "revoke",
          grant: grantToRevoke(parts.tokens, asked),
          work: () => revoke(parts.tokens, asked),
        };
      }),
    });
  }
  app.route({
    method: DATA_METHODS,
    url: "*",
    handler: serve((request) => {
      const { method, headers, body } = request;
      const subscribing = parts.subscriptions.answerTo({ method, path: pathOf(request), headers, body });
      if (subscribing !== null) return { kind: "subscription", grant: null, work: subscribing };
      const grant = parts.grants.authenticate(bearer(request.headers.authorization) ?? "");
      return { kind: "data", grant, work: () => data(parts, request, grant) };
    }),
  });
}

function overLimit({ limit, settings, provider }: CloudParts): Answer | null {
  const refused = limit.refuse(settings().rateLimit);
  return refused && withHeaders(provider.synthetic.failure({ kind: "rate_limited", ...refused }));
}

async function attempt(turn: Turn, call: OpenCall): Promise<Answer> {
  try {
    return await turn.work(call);
  } catch (error) {
    call.status = 500;
    throw error;
  }
}

function data(parts: CloudParts, request: FastifyRequest, grant: Grant | null): Answer {
  const { synthetic } = parts.provider;
  if (grant === null) return withHeaders(synthetic.failure({ kind: "unauthorized" }));
  const person: SyntheticPerson = parts.people.person(grant.user);
  const path = pathOf(request);
  const registration = parts.provider.afterLink?.(person.vendorUserId);
  const registered = registration === undefined || parts.grants.isRegistered(grant.user);
  const registers = registration?.method === request.method && registration.path === path;
  const answer = synthetic.answer({
    method: request.method,
    path,
    query: parts.cursors.resolve(texts(request.query)),
    form: parts.cursors.resolve(texts(request.body)),
    grantedScopes: grant.scopes,
    person,
    pageSize: parts.settings().pageSize,
    registered,
    documents: (endpoint, range) => parts.people.documents(grant.user, person, endpoint, range),
  });
  const sent = answer ?? (registers ? { status: registered ? 409 : 201, body: {} } : null);
  if (registers && sent !== null && sent.status < 300) parts.grants.setRegistered(grant.user, true);
  return sent === null ? json(404, { error: "not_found" }) : withHeaders(sent);
}

function withHeaders(answer: { status: number; headers?: Readonly<Record<string, string>>; body: unknown }): Answer {
  return { status: answer.status, headers: answer.headers ?? {}, body: answer.body };
}

/** Tells which endpoint a data request is for: by its path and, where several share one, by the parameters that are the same in every request. */
function endpointFinder(provider: Provider): (path: string, asked: Readonly<Record<string, string>>) => string | null {
  const [day, other] = [civilDay("2026-01-01"), civilDay("2026-02-02")];
  const facts = provider.endpoints.map((endpoint) => {
    const { path, query, form } = endpoint.request({ start: day, end: day }, null);
    const later = endpoint.request({ start: other, end: other }, null);
    const changing: Readonly<Record<string, string>> = { ...later.query, ...later.form };
    const fixed = Object.entries({ ...query, ...form }).filter(([name, value]) => changing[name] === value);
    const [before = "", after = ""] = endpoint.document?.request("{id}").path.split(encodeURIComponent("{id}")) ?? [];
    return { name: endpoint.name, path, fixed, document: before === "" ? null : { before, after } };
  });
  const single = (path: string) =>
    facts.find(({ document: at }) => at && path.startsWith(at.before) && path.endsWith(at.after));
  return (path, asked) => {
    const here = facts.filter((fact) => fact.path === path);
    const agreeing = ({ fixed }: (typeof facts)[number]) =>
      fixed.filter(([name, value]) => asked[name] === value).length;
    const [best, next] = [...here].sort((left, right) => agreeing(right) - agreeing(left));
    if (best === undefined || next === undefined) return (best ?? single(path))?.name ?? null;
    return agreeing(best) > agreeing(next) ? best.name : null;
  };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "/";
}

function parameters(value: unknown): Parameters {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Of several parameters with one name the first counts. */
function texts(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(parameters(value)).map(([name, text]) => [name, Array.isArray(text) ? text[0] : text]);
  return Object.fromEntries(entries.filter(([, text]) => typeof text === "string"));
}

function logCall(log: SimulatorLog | null, call: Call): void {
  // A gateway that starts makes dozens of subscriptions: they would push everything else off the screen.
  const level = call.kind === "subscription" && call.status !== null && call.status < 400 ? "debug" : "info";
  log?.[level]({ kind: call.kind, endpoint: call.endpoint, status: call.status }, "simulated call");
}
