import { providers } from "../providers/registry";
import { LocalPauses } from "./cache/memory";
import { type Command, runCommand, timeText, UsageError } from "./command-line";
import { demoKey } from "./config/demo-key";
import { createSubscriptionStore } from "./db/repositories/webhook-subscriptions";
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

function parseCommand(args: readonly string[]): Command {
  const [command, slug, ...rest] = args;
  if (command === "list" && slug === undefined) return list;
  if (command === "remove" && slug !== undefined && rest.length === 0) return remove(slug);
  throw new UsageError(USAGE);
}

const list: Command = async ({ database }) => {
  const rows = (await createSubscriptionStore(database).list()).map((one) =>
    [
      one.provider,
      one.dataType,
      one.eventType,
      one.state,
      timeText(one.expiresAt),
      timeText(one.checkedAt),
      one.lastError ?? "-",
      one.callbackUrl ?? "-",
    ].join("\t"),
  );
  const titles = "PROVIDER\tDATA TYPE\tEVENT\tSTATE\tENDS\tCHECKED\tERROR\tCALLBACK";
  return [titles, ...rows].join("\n");
};

const remove =
  (slug: string): Command =>
  async ({ config, database, closing }) => {
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
    closing.add(() => outbound.close());
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

runCommand(parseCommand, (error) => error instanceof Postponed);
