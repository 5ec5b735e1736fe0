import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { Registry } from "prom-client";
import { buildGatewaySchema } from "../../schema/build";
import type { AuthSettings } from "../../src/config/auth";
import { AnswerCache } from "../../src/http/answer-cache";
import { createAuthenticator } from "../../src/http/auth";
import { createHttpServer, type HttpOptions, type HttpServer } from "../../src/http/server";
import { createLogger } from "../../src/logging";
import { type FakeServices, fakeServices } from "./fake-services";

/** An answer with its JSON body, where it has one. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: {
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
    data?: Record<string, any>;
    errors?: { message: string; path?: unknown; extensions: { code: string } }[];
  };
}

/** A listening gateway over fake services. */
export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  readonly services: FakeServices;
  /** Every line logged. */
  readonly log: string[];
  graphql(query: string, variables?: unknown, headers?: Record<string, string>): Promise<Answer>;
  post(body: BodyInit | Buffer, headers?: Record<string, string>): Promise<Answer>;
  fetch(path: string, init?: RequestInit): Promise<Answer>;
}

/** Keeps nothing: fake services have no data versions to confirm. */
function forgetfulAnswers(): AnswerCache {
  const versions = { current: async () => ({ version: "1", confirmed: false }), learned: () => undefined };
  return new AnswerCache({ versions, store: null, build: "test", now: () => Date.now() / 1_000, maxBytes: 0 });
}
/** No provider sends webhooks. */
const NO_WEBHOOKS: HttpOptions["webhooks"] = {
  facts: () => null,
  isOurs: () => false,
  receive: () => Promise.reject(new Error("expected no webhook")),
};

/** Starts a gateway over fake services on a free loopback port. */
export async function startFakeGateway(
  options: Partial<HttpOptions> & { auth?: AuthSettings } = {},
): Promise<FakeGateway> {
  const { auth = { kind: "demo" }, ...rest } = options;
  const services = fakeServices();
  const log: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      log.push(String(chunk));
      done();
    },
  });
  const server = await createHttpServer({
    api: true,
    schema: buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] }),
    services,
    webhooks: NO_WEBHOOKS,
    authenticate: createAuthenticator(auth),
    answers: forgetfulAnswers(),
    persisted: null,
    logger: createLogger({ level: "debug", destination }),
    registry: new Registry(),
    probes: [],
    production: false,
    demo: auth.kind === "demo",
    corsOrigins: [],
    trustProxy: false,
    ...rest,
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const port = (server.app.server.address() as AddressInfo).port;
  const url = `http://127.0.0.1:${port}`;
  const answered = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, { redirect: "manual", ...init });
    const text = await response.text();
    const isJson = text !== "" && (response.headers.get("content-type") ?? "").includes("json");
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
  };
  const post: FakeGateway["post"] = (body, headers = {}) =>
    answered("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: body as BodyInit,
    });
  return {
    url,
    port,
    server,
    services,
    log,
    fetch: answered,
    post,
    graphql: (query, variables, headers) => post(JSON.stringify({ query, variables }), headers),
  };
}
