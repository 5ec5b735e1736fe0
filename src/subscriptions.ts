import { providers } from "../providers/registry";
import { LocalPauses } from "./cache/memory";
import { type Config, loadConfig } from "./config";
import { demoKey } from "./config/demo-key";
import type { Database } from "./db/database";
import { createSubscriptionStore } from "./db/repositories/webhook-subscriptions";
import { SettingError } from "./domain/errors";
import { createLogger } from "./logging";
import { openDatabase } from "./open-database";
import { managed } from "./open-subscriptions";
import { Postponed } from "./services/ports/jobs";
import { SubscriptionKeeper } from "./services/subscriptions/keeper";
import { VerificationTokens } from "./services/subscriptions/verification";
import { createOutbound } from "./upstream/outbound";
import { atVendor, originsOf } from "./wearables";

const USAGE = `Webhook subscriptions at the vendors, of the wearables with credentials.

  npm run subscriptions -- list
  npm run subscriptions -- remove <provider>

While WEBHOOK_BASE_URL is set, the gateway keeps them by itself. Without it, those that there are stay until they end; remove ends them at once.`;

/** A command line that is not understood or cannot be obeyed; the message says why. */
class UsageError extends Error {}

type Run = (config: Config, database: Database, closing: (step: () => unknown) => void) => Promise<string>;

function parseCommand(args: readonly string[]): Run {
  const [command, slug, ...rest] = args;
  if (command === "list" && slug === undefined) return list;
  if (command === "remove" && slug !== undefined && rest.length === 0) return remove(slug);
  throw new UsageError(USAGE);
}

const list: Run = async (_config, database) => {
  const time = (at: number | null) => (at === null ? "-" : new Date(at * 1_000).toISOString().slice(0, 19).concat("Z"));
  const rows = (await createSubscriptionStore(database).list()).map((one) =>
    [
      one.provider,
      one.dataType,
      one.eventType,
      one.state,
      time(one.expiresAt),
      time(one.checkedAt),
      one.lastError ?? "-",
      one.callbackUrl ?? "-",
    ].join("\t"),
  );
  const titles = "PROVIDER\tDATA TYPE\tEVENT\tSTATE\tENDS\tCHECKED\tERROR\tCALLBACK";
  return [titles, ...rows].join("\n");
};

const remove =
  (slug: string): Run =>
  async (config, database, closing) => {
    if (config.webhookBaseUrl !== null) {
      throw new UsageError(
        "WEBHOOK_BASE_URL is set: the gateway would make them again. Unset it there and here first.",
      );
    }
    const provider = providers.find((one) => one.slug === slug);
    const settings = config.wearables[slug];
    const wearable = provider && settings && atVendor(provider, settings);
    const [at] = wearable ? managed(wearable, null) : [];
    if (!wearable || !at) throw new UsageError(`remove: ${slug} has no credentials here, or no subscriptions`);
    const outbound = createOutbound({ allowedOrigins: new Map([[slug, originsOf(wearable)]]) });
    closing(() => outbound.close());
    const keeper = new SubscriptionKeeper({
      outbound,
      pauses: new LocalPauses(),
      now: () => Date.now() / 1_000,
      store: createSubscriptionStore(database),
      tokens: new VerificationTokens(config.encryptionKeys ?? [await demoKey(config.dataDirectory)]),
      providers: [at],
    });
    const count = await keeper.remove(at);
    return `${count} subscriptions ended at ${at.provider.displayName}`;
  };

async function main(args: readonly string[]): Promise<void> {
  const run = parseCommand(args);
  const config = loadConfig(providers.map((provider) => provider.slug));
  const steps: (() => unknown)[] = [];
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const closing = (step: () => unknown) => void steps.unshift(step);
  try {
    const database = await openDatabase(config, { info: say, warn: say }, { add: closing });
    process.stdout.write(`${await run(config, database, closing)}\n`);
  } finally {
    for (const step of steps) await step();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const told = error instanceof UsageError || error instanceof SettingError || error instanceof Postponed;
  if (told) process.stderr.write(`${error.message}\n`);
  else createLogger({ level: "info" }).fatal({ err: error }, "the command failed");
  process.exitCode = 1;
});
