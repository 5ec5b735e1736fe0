import type { Logger } from "pino";
import { providers } from "../providers/registry";
import { buildGatewaySchema } from "../schema/build";
import { answersName } from "./build-name";
import type { Config } from "./config";
import { blame, PORT_PROBLEMS } from "./config/blame";
import { readVersions } from "./db/repositories/person-state";
import { AnswerCache } from "./http/answer-cache";
import { createAuthenticator } from "./http/auth";
import { createHttpServer, type HttpServer } from "./http/server";
import { openFetching } from "./open-fetching";
import { type Ground, openGround } from "./open-ground";
import { readPersistedOperations } from "./open-operations";
import { openServices } from "./open-services";
import { openWorker } from "./open-worker";
import type { Services } from "./services/api";
import type { WebhookReceiver } from "./services/webhooks/intake";
import type { Simulator } from "./simulator";
import { tellSimulators, type Wearable } from "./wearables";

/** A gateway that listens. */
export interface App {
  /** Where it listens: `http://host:port`. */
  readonly address: string;
  readonly simulators: readonly Simulator[];
  /** What a person who started it by hand should read. */
  readonly announcement: readonly string[];
  /** Finishes what is in flight, then closes everything in the opposite order of the start. */
  close(): Promise<void>;
}

/** Undoes the start, last things first. */
class Closing {
  private readonly steps: (() => unknown)[] = [];
  add(step: () => unknown): void {
    this.steps.unshift(step);
  }
  async run(): Promise<void> {
    for (const step of this.steps.splice(0)) await step();
  }
}

/** Builds the gateway from its settings and starts it; throws {@link SettingError} for settings that cannot work. */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  const closing = new Closing();
  try {
    return await start(config, logger, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function start(config: Config, logger: Logger, closing: Closing): Promise<App> {
  const ground = await openGround(config, logger, closing);
  const { database, telemetry, wearables } = ground;
  const { services, receiver, tasks, schedules, ...opened } = await openServices(
    ground,
    openFetching(ground, closing),
    closing,
  );
  const working = config.roles.includes("worker");
  const worker = await openWorker({ database, telemetry, queue: services.queue, tasks, schedules, working }, closing);
  if (worker) await opened.catchUp();
  const server = await openHttp(ground, services, receiver, worker);
  closing.add(() => Promise.all([server.close(), worker?.stop()]));
  const address = await server.listen({ host: config.host, port: config.port }).catch(blame("PORT", PORT_PROBLEMS));
  tellSimulators(wearables, address);
  await opened.begin();
  const announcement = config.roles.includes("api")
    ? announce(config, wearables)
    : [`Working off jobs; health and metrics at ${address}`];
  const simulators = wearables.flatMap((one) => one.simulator ?? []);
  return { address, simulators, announcement, close: () => closing.run() };
}

async function openHttp(
  { config, logger, telemetry, database, versions, answers: store, build, now, probes }: Ground,
  services: Services,
  webhooks: WebhookReceiver,
  worker: Awaited<ReturnType<typeof openWorker>>,
): Promise<HttpServer> {
  const { production, sourceOrder, corsOrigins, trustProxy } = config;
  const api = config.roles.includes("api");
  const schema = buildGatewaySchema({ providers });
  const persisted = await readPersistedOperations(config.persisted, schema);
  const answersBuild = answersName(build, [production, sourceOrder, services.providers, persisted?.name]);
  return createHttpServer({
    ...{ schema, persisted, services, webhooks, logger, api, production, corsOrigins, trustProxy },
    authenticate: createAuthenticator(config.auth),
    answers: new AnswerCache({ versions, store, build: answersBuild, now, maxBytes: config.answerCacheBytes }),
    registry: telemetry.registry,
    probes: [
      { name: "database", required: true, check: async () => void (await readVersions(database, [])) },
      ...probes,
      ...(worker ? [{ name: "queue", required: !api, check: worker.reachable }] : []),
    ],
    demo: config.auth.kind === "demo",
  });
}

function announce(config: Config, wearables: readonly Wearable[]): string[] {
  const simulated = wearables.flatMap(({ provider, simulator }) =>
    simulator ? [`${provider.displayName} is simulated at ${simulator.origin}/__simulator`] : [],
  );
  const endpoint = `${config.publicUrl}/graphql`;
  return [config.production ? `GraphQL at ${endpoint}` : `GraphiQL and GraphQL at ${endpoint}`, ...simulated];
}
