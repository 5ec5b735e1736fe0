import { providers } from "../providers/registry";
import { LocalPauses } from "./cache/memory";
import { type Command, type CommandParts, runCommand, timeText, UsageError } from "./command-line";
import { demoKey } from "./config/demo-key";
import { createSubscriptionStore } from "./db/repositories/webhook-subscriptions";
import { UpstreamFailure } from "./domain/errors";
import { managed as managedOf } from "./open-subscriptions";
import { Postponed } from "./services/ports/jobs";
import { SubscriptionKeeper } from "./services/subscriptions/keeper";
import { asOf } from "./services/subscriptions/overview";
import { VerificationTokens } from "./services/subscriptions/verification";
import { createOutbound } from "./upstream/outbound";
import { atVendor, originsOf } from "./wearables";

const USAGE = `Webhook subscriptions at the vendors, of the wearables with credentials.

  npm run subscriptions -- list                           as the gateway saw them last
  npm run subscriptions -- list <provider>                as the vendor holds them now, those of other programs too
  npm run subscriptions -- remove <provider>              ends the gateway's own, once WEBHOOK_BASE_URL is unset
  npm run subscriptions -- remove <provider> <address>    ends those that deliver to the address, whoever made them

While WEBHOOK_BASE_URL is set, the gateway keeps them by itself. Without it, those that there are stay until they end or are removed.`;

function parseCommand(args: readonly string[]): Command {
  const [command, slug, address, ...rest] = args;
  if (command === "list" && slug === undefined) return list;
  if (command === "list" && slug !== undefined && address === undefined) return listAt(slug);
  if (command === "remove" && slug !== undefined && rest.length === 0) return remove(slug, address ?? null);
  throw new UsageError(USAGE);
}

const table = (...rows: readonly (readonly string[])[]) => rows.map((row) => row.join("\t")).join("\n");

const list: Command = async ({ database }) => {
  const now = Date.now() / 1_000;
  const stored = (await createSubscriptionStore(database).list()).map((one) => asOf(one, now));
  return table(
    ["PROVIDER", "DATA TYPE", "EVENT", "STATE", "ENDS", "CHECKED", "ERROR", "CALLBACK"],
    ...stored.map(({ provider, dataType, eventType, state, expiresAt, checkedAt, lastError, callbackUrl }) => [
      ...[provider, dataType, eventType, state, timeText(expiresAt), timeText(checkedAt)],
      ...[lastError ?? "-", callbackUrl ?? "-"],
    ]),
  );
};

const listAt =
  (slug: string): Command =>
  async (parts) => {
    const { keeper, managed } = await reach(slug, parts);
    const held = await keeper.listed(managed);
    return table(
      ["DATA TYPE", "EVENT", "ENDS", "OURS", "CALLBACK"],
      ...held.map((one) => [
        ...[one.dataType, one.eventType, timeText(one.expiresAt), one.ours ? "yes" : "no", one.callbackUrl],
      ]),
    );
  };

const remove =
  (slug: string, address: string | null): Command =>
  async (parts) => {
    const { keeper, managed } = await reach(slug, parts);
    if (managed.callbackUrl !== null && (address ?? managed.callbackUrl) === managed.callbackUrl) {
      throw new UsageError(
        "WEBHOOK_BASE_URL is set: the gateway would make them again. Unset it there and here first.",
      );
    }
    const count = await keeper.remove(managed, address);
    return `${count} subscriptions ended at ${managed.provider.displayName}`;
  };

/** The keeper of one provider's subscriptions, for a call or two. */
async function reach(slug: string, { config, database, closing }: CommandParts) {
  const provider = providers.find((one) => one.slug === slug);
  const settings = config.wearables[slug];
  const wearable = provider && settings && atVendor(provider, settings);
  const [here] = wearable ? managedOf(wearable, config.webhookBaseUrl) : [];
  if (!wearable || !here) throw new UsageError(`${slug} has no credentials here, or no subscriptions`);
  const outbound = createOutbound({ allowedOrigins: new Map([[slug, originsOf(wearable)]]) });
  closing.add(() => outbound.close());
  const keeper = new SubscriptionKeeper({
    outbound,
    pauses: new LocalPauses(),
    // A dozen calls by hand: what processes have agreed on is not asked for them.
    budgets: { take: async () => ({ granted: true }) },
    now: () => Date.now() / 1_000,
    store: createSubscriptionStore(database),
    tokens: new VerificationTokens(config.encryptionKeys ?? [await demoKey(config.dataDirectory)]),
    providers: [here],
  });
  return { keeper, managed: here };
}

runCommand(parseCommand, (error) => error instanceof Postponed || error instanceof UpstreamFailure);
