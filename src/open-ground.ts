import type { Logger } from "pino";
import { buildName } from "./build-name";
import type { Config } from "./config";
import { demoKey } from "./config/demo-key";
import type { EncryptionKey } from "./config/keys";
import type { Database } from "./db/database";
import { readPersonState, readVersions } from "./db/repositories/person-state";
import { createVaults, KeyRing, wrappingKeysInUse } from "./db/vault";
import { SettingError } from "./domain/errors";
import { type CacheParts, openCache } from "./open-cache";
import { openDatabase, type Undoing } from "./open-database";
import { PersonStates } from "./services/reading/person-state";
import { ConfirmedVersions } from "./services/versions";
import { createTelemetry, type GatewayTelemetry } from "./telemetry";
import { createOutbound } from "./upstream/outbound";
import { openWearables, originsOf, type Wearable } from "./wearables";

/** What everything of a process stands on: settings, stores, keys, wearables, and the versions of persons' data. */
export interface Ground extends CacheParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly telemetry: GatewayTelemetry;
  readonly keys: readonly EncryptionKey[];
  readonly ring: KeyRing;
  readonly database: Database;
  readonly vaults: ReturnType<typeof createVaults>;
  readonly wearables: readonly Wearable[];
  /** Every wearable by slug. */
  readonly providers: ReadonlyMap<string, Wearable>;
  readonly outbound: ReturnType<typeof createOutbound>;
  readonly versions: ConfirmedVersions;
  readonly states: PersonStates;
  /** Changes with what cached cells mean. */
  readonly build: string;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Opens the ground; throws {@link SettingError} for settings that cannot work. */
export async function openGround(config: Config, logger: Logger, closing: Undoing): Promise<Ground> {
  const telemetry = createTelemetry(logger);
  const keys = config.encryptionKeys ?? [await demoKey(config.dataDirectory)];
  const database = await openDatabase(config, logger, closing);
  const ring = new KeyRing(keys);
  await checkKeys(database, ring);
  const shared = openCache(config, telemetry, closing);
  const wearables = await openWearables(config, ring.current.key, logger);
  for (const { simulator } of wearables) if (simulator) closing.add(() => simulator.stop());
  const outbound = createOutbound({
    allowedOrigins: new Map(wearables.map((one) => [one.provider.slug, originsOf(one)])),
    onAnswer: telemetry.upstream,
  });
  closing.add(() => outbound.close());
  const build = buildName();
  return {
    ...{ config, logger, telemetry, keys, ring, database, wearables, outbound, build, ...shared },
    vaults: createVaults(database, ring),
    providers: new Map(wearables.map((one) => [one.provider.slug, one])),
    versions: new ConfirmedVersions((ids) => readVersions(database, ids), shared.bell),
    states: new PersonStates((personId) => readPersonState(database, personId), shared.cache, build),
    now: () => Date.now() / 1_000,
  };
}

/** Without a key that data keys are wrapped under, their persons could not even link again: better not to start. */
async function checkKeys(database: Database, ring: KeyRing): Promise<void> {
  const missing = (await wrappingKeysInUse(database)).filter((id) => !ring.has(id));
  if (missing.length > 0) {
    throw new SettingError("ENCRYPTION_KEYS", `lacks keys that are still in use: ${missing.join(", ")}`);
  }
}
