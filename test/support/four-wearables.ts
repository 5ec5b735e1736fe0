import type { Call } from "../../src/simulator/calls";
import type { DayNode, MetricAnswer } from "./answers";
import { METRICS } from "./four-metrics";
import { type GatewayProcess, PROJECT } from "./gateway-process";
import { linked } from "./newcomer";

/** The wearables, as the schema names them. */
export const WEARABLES = ["OURA", "WHOOP", "WITHINGS", "POLAR"] as const;

/** One of the wearables. */
export type WearableName = (typeof WEARABLES)[number];

/** The start that the README tells a newcomer: `npm start`. */
export const NPM_START = { program: "npm", args: ["start"], cwd: PROJECT } as const;

/** Steers the simulators of a gateway in another process, by where linking led to. */
export class Clouds {
  constructor(private readonly origins: ReadonlyMap<WearableName, string>) {}

  async control(name: WearableName, path: string, json?: unknown, method = json === undefined ? "GET" : "POST") {
    const init =
      json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } };
    const response = await fetch(`${this.origins.get(name)}/__simulator/${path}`, { method, ...init });
    if (!response.ok) throw new Error(`${name} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : ((await response.json()) as Record<string, unknown>);
  }

  /** Requests for data since the last {@link forget}, those for whose account it is left out. */
  async calls(name: WearableName): Promise<readonly Call[]> {
    const { calls } = (await this.control(name, "calls")) as unknown as { calls: readonly Call[] };
    return calls.filter(({ kind, endpoint }) => kind === "data" && endpoint !== null);
  }

  /** How often each endpoint of each wearable was asked since the last {@link forget}. */
  async counts(): Promise<Record<string, Record<string, number>>> {
    const entries = WEARABLES.map(async (name) => [name, countsOf(await this.calls(name))] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Forgets the calls and lifts the faults of all. */
  async forget(): Promise<void> {
    for (const name of WEARABLES) {
      await this.control(name, "faults", undefined, "DELETE");
      await this.control(name, "calls", undefined, "DELETE");
    }
  }

  /** A fault of all data requests of a wearable, unless it says otherwise. */
  fault(name: WearableName, fault: Readonly<Record<string, unknown>>) {
    return this.control(name, "faults", { kind: "data", ...fault });
  }
}

/** Calls by endpoint. */
export function countsOf(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const endpoint of calls.map((call) => String(call.endpoint)).sort())
    counts[endpoint] = (counts[endpoint] ?? 0) + 1;
  return counts;
}

/** Links all four wearables of a person, each as a browser does. */
export async function linkFour(
  gateway: GatewayProcess,
  linking: { token?: string; user?: string } = {},
): Promise<Clouds> {
  const origins = new Map<WearableName, string>();
  for (const provider of WEARABLES) {
    const { authorizationUrl } = await linked(gateway, { ...linking, provider });
    origins.set(provider, authorizationUrl.origin);
  }
  return new Clouds(origins);
}

/** A day as chosen, with who stood for election. */
export type ChosenNode = DayNode & {
  readonly provider: WearableName;
  readonly resolution: {
    readonly policy: string;
    readonly winner: { readonly provider: WearableName; readonly reason: string; readonly record: { id: string } };
    readonly candidates: readonly {
      readonly provider: WearableName;
      readonly reason: string;
      readonly record: { readonly id: string } | null;
    }[];
  };
};

/** A metric's answer with resolutions. */
export interface ChosenAnswer extends MetricAnswer {
  readonly nodes: readonly ChosenNode[];
}

const VALUES = {
  sleep: "score asleepSeconds sessions { id sessionType start end stages { stage } }",
  readiness: "score restingHeartRateBpm hrv { method milliseconds } skinTemperatureCelsius ansCharge",
  activity: "score steps totalEnergyKilocalories strain",
  hrv: "method averageMilliseconds",
} as const;
const RESOLUTION =
  "resolution { policy winner { provider reason record { id } } candidates { provider reason record { id } } }";

/** One query of everything that several wearables say; variables `range`, `age`, `providers`, `prefer`. */
export const FOUR_WEARABLES = `query Four($range: DateRange!, $age: Int, $providers: [Provider!], $prefer: [Provider!]) { viewer {
  ${METRICS.map((metric) => {
    const record = `id day provider completeness ${VALUES[metric]}`;
    return `${metric}(range: $range, maxAgeSeconds: $age, providers: $providers, prefer: $prefer) {
      nodes { ${record} ${RESOLUTION} } bySource { ${record} }
      absences { firstDay lastDay provider reason } issues { code provider message retryAt } }`;
  }).join("\n  ")}
} }`;

/** Answers by metric. */
export type FourAnswers = Readonly<Record<(typeof METRICS)[number], ChosenAnswer>>;

/** Asks {@link FOUR_WEARABLES}; fails on errors, not on issues. */
export async function askFour(
  gateway: GatewayProcess,
  variables: Readonly<Record<string, unknown>>,
  token?: string,
): Promise<FourAnswers> {
  const { data, errors } = await gateway.graphql(FOUR_WEARABLES, variables, token);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return data.viewer as unknown as FourAnswers;
}

/** The issues of an answer as `PROVIDER CODE`, sorted. */
export function issuesOf(answer: MetricAnswer): string[] {
  return answer.issues.map(({ provider, code }) => `${provider} ${code}`).sort();
}
