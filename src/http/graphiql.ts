import type { FastifyReply, FastifyRequest } from "fastify";
import { cspHash } from "./page";

const DEFAULT_QUERY = `# 1. Link a wearable: run this, open authorizationUrl, press Allow, come back.
mutation Link {
  connectProvider(input: { provider: PROVIDER }) {
    authorizationUrl
    userErrors { code message }
  }
}

# 2. Watch its history come in, and be told of what changes: run one of these and leave it running. "New night" at the simulator's
# page makes the second one tell.
subscription Progress {
  syncProgress { provider backfill { metric state daysDone daysTotal } }
}
subscription Follow {
  dataChanged { type provider metric day origin }
}

# 3. Read.
query Read($range: DateRange = { start: "START", end: "END" }) {
  viewer {
    accounts { provider status lastSyncedAt }
    sleep(range: $range) {
      nodes { day provider completeness score asleepSeconds deepSeconds remSeconds efficiencyPercent }
      absences { firstDay lastDay provider reason }
      issues { provider code message }
    }
    readiness(range: $range) {
      nodes { day provider score temperatureDeviationCelsius }
    }
    activity(range: $range) {
      nodes { day provider score steps activeEnergyKilocalories }
    }
    hrv(range: $range) {
      nodes { day provider method averageMilliseconds }
    }
  }
}
`;

interface Page {
  readonly html: string;
  readonly policy: string;
}

function defaultQuery(provider: string, now: Date): string {
  const day = (ago: number) => new Date(now.getTime() - ago * 86_400_000).toISOString().slice(0, 10);
  return DEFAULT_QUERY.replace("PROVIDER", provider.toUpperCase()).replace("START", day(7)).replace("END", day(1));
}

async function renderPage(provider: string): Promise<Page> {
  // A development dependency, absent from the production image, where this page is off.
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const html = renderGraphiQL({
    title: "Wearables gateway",
    endpoint: "/graphql",
    // Its own default asks by GET for server-sent events.
    subscriptionsProtocol: "WS",
    defaultQuery: defaultQuery(provider, new Date()),
  });
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => cspHash(match[1] ?? ""));
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.join(" ")} blob:`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "img-src data: 'self'",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy };
}

/** Whether a request is a browser's visit, which can name no header of its own, rather than a GraphQL query by GET. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
  const isVisit = headers["apollo-require-preflight"] === undefined && (headers.accept ?? "").includes("text/html");
  return method === "GET" && isVisit;
}

/** Answers GraphiQL as one page that loads nothing from elsewhere; `provider`: the slug that its example links. */
export function graphiqlPage(provider: string): (reply: FastifyReply) => Promise<FastifyReply> {
  let page: Promise<Page> | null = null;
  return async (reply) => {
    page ??= renderPage(provider);
    const { html, policy } = await page;
    return reply.header("content-security-policy", policy).type("text/html; charset=utf-8").send(html);
  };
}
