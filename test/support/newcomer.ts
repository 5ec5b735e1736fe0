import type { GatewayProcess } from "./gateway-process";

/** Who links, and how. */
export interface Linking {
  /** After `Bearer `; without: the person `demo`. */
  readonly token?: string;
  /** Name to sign in with at the vendor; without: what the form proposes. */
  readonly user?: string;
  /** The wearable, as the schema names it; without: Oura. */
  readonly provider?: string;
  readonly decision?: "allow" | "deny";
  readonly scopes?: readonly string[];
  readonly returnUrl?: string;
}

/** How far linking went. `callbackUrl`: where the vendor sent the browser; `answer`: what came of it, redirects not followed. */
export interface Linked {
  readonly authorizationUrl: URL;
  readonly state: string;
  readonly callbackUrl: string;
  readonly answer: Response;
  readonly page: string;
}

const CONNECT = `mutation ($input: ConnectProviderInput!) {
  connectProvider(input: $input) { authorizationUrl state expiresAt userErrors { code message field } }
}`;

/** Starts linking; the payload. */
export async function connect(gateway: GatewayProcess, linking: Linking = {}) {
  const { scopes, returnUrl, provider = "OURA" } = linking;
  const input = { provider, ...(scopes ? { scopes } : {}), ...(returnUrl ? { returnUrl } : {}) };
  const { data, errors } = await gateway.graphql(CONNECT, { input }, linking.token);
  if (errors.length > 0) throw new Error(`connectProvider: ${JSON.stringify(errors)}`);
  return data.connectProvider;
}

/** What a newcomer's script does at the consent page: its one form, its hidden inputs, the button; answers the way back. */
export async function consent(authorizationUrl: string, linking: Linking = {}): Promise<string> {
  const opened = await fetch(authorizationUrl);
  const html = await opened.text();
  const forms = [...html.matchAll(/<form method="post" action="([^"]*)">([\s\S]*?)<\/form>/g)];
  const [, action = "", inside = ""] = forms[0] ?? [];
  if (forms.length !== 1)
    throw new Error(`expected one form at the consent page, found ${forms.length} (${opened.status})`);
  const inputs = [...inside.matchAll(/<input [^>]*name="([^"]*)" value="([^"]*)"/g)];
  const body = new URLSearchParams(inputs.map(([, name = "", value = ""]) => [name, value]));
  const decision = linking.decision ?? "allow";
  if (!inside.includes(`<button name="decision" value="${decision}">`))
    throw new Error(`expected a button ${decision}`);
  body.set("decision", decision);
  if (linking.user !== undefined) body.set("user", linking.user);
  const decided = await fetch(new URL(action, authorizationUrl), { method: "POST", body, redirect: "manual" });
  const location = decided.headers.get("location");
  if (location === null) throw new Error(`expected to be sent back, got ${decided.status}`);
  return location;
}

/** Links from connectProvider to the callback's answer. */
export async function link(gateway: GatewayProcess, linking: Linking = {}): Promise<Linked> {
  const { authorizationUrl, state, userErrors } = await connect(gateway, linking);
  if (authorizationUrl === null || state === null) throw new Error(`connectProvider: ${JSON.stringify(userErrors)}`);
  const callbackUrl = await consent(authorizationUrl, linking);
  const answer = await fetch(callbackUrl, { redirect: "manual" });
  return { authorizationUrl: new URL(authorizationUrl), state, callbackUrl, answer, page: await answer.text() };
}

/** Links, and fails where that did not succeed. */
export async function linked(gateway: GatewayProcess, linking: Linking = {}): Promise<Linked> {
  const done = await link(gateway, linking);
  if (done.answer.status >= 400)
    throw new Error(`linking ended with ${done.answer.status}: ${done.page}\n${gateway.output()}`);
  return done;
}
