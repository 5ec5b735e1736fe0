import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that reached the stand-in. */
export interface StandinCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | null;
  readonly form: Readonly<Record<string, string>>;
}

/** What is answered; `body` is sent as JSON unless it is text. */
export interface StandinAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Ends the connection in the middle of the body. */
  readonly reset?: boolean;
}

/** A vendor's cloud made of a few answers, without anything of the project's own simulator. */
export interface VendorStandin {
  readonly origin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly calls: StandinCall[];
  /** Answers by path; those of data ask for an access token that was issued here. */
  readonly data: Map<string, (call: StandinCall) => StandinAnswer>;
  /** Changes the token endpoint's answer. */
  token: (answer: Record<string, unknown>, call: StandinCall) => StandinAnswer;
  /** What the callback says beside code and state. */
  callbackParameters: Record<string, string>;
  stop(): Promise<void>;
}

/** Where the OAuth endpoints of each of the vendor's generations are. */
export const GENERATIONS = {
  older: { authorize: "/oauth/authorize", token: "/oauth/token" },
  newer: { authorize: "/oauth/v2/ext/oauth-authorize", token: "/oauth/v2/ext/oauth-token" },
} as const;

/** Starts the stand-in; tokens and codes carry the canary in front. */
export async function startStandin(
  options: { generation?: keyof typeof GENERATIONS; canary?: string } = {},
): Promise<VendorStandin> {
  const { generation = "older", canary = "standin" } = options;
  const paths = GENERATIONS[generation];
  const [issued, codes] = [new Set<string>(), new Set<string>()];
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(599).end(error.message));
  });

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const call = await read(request);
    standin.calls.push(call);
    if (call.path === paths.authorize) return send(response, consentPage(call));
    if (call.path === "/decision") {
      const code = mint(`${canary}-code`, codes);
      const { redirect_uri = "", state = "" } = call.form;
      const parameters = { code, state, ...standin.callbackParameters };
      const location = `${redirect_uri}?${new URLSearchParams(parameters)}`;
      return send(response, { status: 302, headers: { location }, body: "" });
    }
    if (call.path === paths.token) return send(response, tokenAnswer(call));
    const serve = standin.data.get(call.path);
    if (!serve) return send(response, { status: 404, body: { detail: "Not Found" } });
    const token = call.authorization?.replace(/^Bearer /, "") ?? call.query["access_token"] ?? "";
    send(response, issued.has(token) ? serve(call) : { status: 401, body: { detail: "Unauthorized" } });
  };

  const tokenAnswer = (call: StandinCall): StandinAnswer => {
    const { grant_type, code = "", client_id, client_secret } = call.form;
    if (client_id !== standin.env["OURA_CLIENT_ID"] || client_secret !== standin.env["OURA_CLIENT_SECRET"]) {
      return { status: 401, body: { error: "invalid_client" } };
    }
    if (grant_type === "authorization_code" && !codes.delete(code)) {
      return { status: 400, body: { error: "invalid_grant" } };
    }
    const body = {
      token_type: "bearer",
      access_token: mint(`${canary}-access`, issued),
      expires_in: 86_400,
      refresh_token: `${canary}-refresh-${randomBytes(12).toString("hex")}`,
    };
    return standin.token(body, call);
  };

  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const standin: VendorStandin = {
    origin,
    env: {
      OURA_CLIENT_ID: "client",
      OURA_CLIENT_SECRET: `${canary}-client-secret`,
      OURA_API_URL: origin,
      OURA_AUTHORIZE_URL: origin + paths.authorize,
      OURA_TOKEN_URL: origin + paths.token,
      OURA_REVOKE_URL: `${origin}/oauth/revoke`,
    },
    calls: [],
    data: new Map([["/oauth/revoke", () => ({ body: {} })]]),
    token: (body) => ({ body }),
    callbackParameters: {},
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return standin;
}

function mint(prefix: string, into: Set<string>): string {
  const value = `${prefix}-${randomBytes(12).toString("hex")}`;
  into.add(value);
  return value;
}

async function read(request: IncomingMessage): Promise<StandinCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "/", "http://standin");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    authorization: request.headers.authorization ?? null,
    form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
  };
}

function send(response: ServerResponse, { status = 200, headers, body, reset }: StandinAnswer): void {
  const isText = typeof body === "string";
  const type = isText ? "text/html; charset=utf-8" : "application/json";
  const text = isText ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": type, ...headers });
  if (!reset) response.end(text);
  else response.write(text, () => response.socket?.resetAndDestroy());
}

function consentPage({ query }: StandinCall): StandinAnswer {
  const hidden = ["redirect_uri", "state"].map((name) => `<input type="hidden" name="${name}" value="${query[name]}">`);
  const button = '<button name="decision" value="allow">Allow</button>';
  return { body: `<!doctype html><form method="post" action="/decision">${hidden.join("")}${button}</form>` };
}
