import { randomUUID } from "node:crypto";
import type { SubscriptionCallback, SubscriptionTopic, VendorSubscription } from "../../../providers/contract";
import { UpstreamFailure } from "../../domain/errors";
import type { SubscriptionProblem } from "../../domain/subscriptions";
import { Postponed } from "../ports/jobs";
import type { SubscriptionStore } from "../ports/subscriptions";
import { type CallParts, type ManagedProvider, SubscriptionCalls } from "./calls";
import { isOurs, isSame, type Known, plan } from "./plan";
import type { VerificationTokens } from "./verification";

/** Seconds for which a process has a provider's subscriptions to itself after each call; longer than any call. */
const TAKEN_SECONDS = 45;
/** Seconds after which a process looks again at what another one is busy with. */
const BUSY_SECONDS = 15;

/** What keeping subscriptions needs. */
export interface KeeperParts extends CallParts {
  readonly store: SubscriptionStore;
  readonly tokens: VerificationTokens;
  /** Providers whose subscriptions can be managed, those without a callback among them. */
  readonly providers: readonly ManagedProvider[];
}

/** One provider's subscriptions in the hands of this process. */
interface Keeping {
  readonly managed: ManagedProvider;
  readonly calls: SubscriptionCalls;
  readonly callback: SubscriptionCallback;
}

/** Another program holds the topic under the same credentials, and delivers elsewhere. */
class Taken extends Error {
  override readonly name = "Taken";
}

const NONE: ReadonlySet<string> = new Set();

/** Problems after which no further call to the provider has a chance. */
const HOPELESS: ReadonlySet<SubscriptionProblem> = new Set(["RATE_LIMITED", "UNAUTHORIZED"]);
/** Topics in a row after whose outages the provider is taken to be down; fewer may be a fault with those topics alone. */
const OUTAGES = 3;

/**
 * Keeps the wanted subscriptions at every provider that has an address to deliver to. Safe to repeat and to kill at any moment: each
 * time begins with what the vendor holds.
 */
export class SubscriptionKeeper {
  constructor(private readonly parts: KeeperParts) {}

  /**
   * Does for every provider what is missing. One that fails does not keep the others from it; afterwards the first failure is thrown,
   * or {@link Postponed} where all that is left must wait: for a provider's rate limit, or for another process.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const managed of this.parts.providers) {
      const { callbackUrl } = managed;
      if (callbackUrl === null) continue;
      const keeping = this.alone(managed, (calls) => this.keepAt(managed, calls, callbackUrl, signal));
      await keeping.catch((error: unknown) => void failures.push(error));
    }
    const worst = failures.find((failure) => !(failure instanceof Postponed)) ?? failures[0];
    if (worst !== undefined) throw worst;
  }

  /**
   * Ends subscriptions at a provider: every one of ours, or those that deliver to an address, whoever made them. How many there
   * were. Throws as {@link keep} does.
   */
  async remove(managed: ManagedProvider, callbackUrl: string | null = null): Promise<number> {
    const { slug } = managed.provider;
    let count = 0;
    await this.alone(managed, async (calls) => {
      const known =
        callbackUrl === null ? await this.known(managed) : { ids: NONE, callbackUrls: new Set([callbackUrl]) };
      for (const { id } of (await calls.list()).filter((one) => isOurs(one, known))) {
        await calls.remove(id);
        await this.parts.store.gone(slug, id);
        count++;
      }
    });
    return count;
  }

  /** What a provider holds now under these credentials, with whether it is ours. Throws as {@link keep} does. */
  async listed(managed: ManagedProvider): Promise<readonly (VendorSubscription & { readonly ours: boolean })[]> {
    const known = await this.known(managed);
    const calls = new SubscriptionCalls(this.parts, managed, async () => undefined);
    return (await calls.list()).map((one) => ({ ...one, ours: isOurs(one, known) }));
  }

  private async known({ provider: { slug }, callbackUrl }: ManagedProvider): Promise<Known> {
    const rows = (await this.parts.store.list()).filter(({ provider }) => provider === slug);
    const ids = new Set(rows.flatMap(({ vendorId }) => vendorId ?? []));
    return { ids, callbackUrls: new Set([...rows, { callbackUrl }].flatMap((one) => one.callbackUrl ?? [])) };
  }

  private async alone(managed: ManagedProvider, work: (calls: SubscriptionCalls) => Promise<void>): Promise<void> {
    const { store, now } = this.parts;
    const { slug } = managed.provider;
    const owner = randomUUID();
    const alone = (isOurs: boolean) => {
      if (!isOurs) throw new Postponed(now() + BUSY_SECONDS, "another process keeps these subscriptions now");
    };
    alone(await store.take(slug, owner, TAKEN_SECONDS));
    try {
      const still = async () => alone(await store.prolong(slug, owner, TAKEN_SECONDS));
      await work(new SubscriptionCalls(this.parts, managed, still));
    } catch (error) {
      const until = error instanceof UpstreamFailure && error.kind === "RATE_LIMITED" ? error.details.retryAt : null;
      throw until == null ? error : new Postponed(until, "the provider limits the rate");
    } finally {
      await store.release(slug, owner);
    }
  }

  private async keepAt(managed: ManagedProvider, calls: SubscriptionCalls, url: string, signal: AbortSignal) {
    const { store, tokens, now } = this.parts;
    const { slug } = managed.provider;
    const { wanted } = managed.profile;
    const keeping = { managed, calls, callback: { url, verificationToken: tokens.current(slug) } };
    await store.want(slug, wanted);
    const listed = await calls.list().catch(async (error: unknown) => {
      const problem = problemOf(error);
      if (problem !== null) await store.unreached(slug, wanted, problem);
      throw error;
    });
    const { steps, superfluous, foreign } = plan(wanted, listed, url, await this.known(managed));
    await store.foreign(slug, foreign);
    let failure: unknown;
    let refusal: unknown;
    let settled = 0;
    let outages = 0;
    for (const [index, { topic, held }] of steps.entries()) {
      if (signal.aborted) throw new Postponed(now(), "the process stops");
      const problem = await this.settle(keeping, topic, held).then(
        () => null,
        (error: unknown) => {
          const found = problemOf(error);
          if (found === "REJECTED") refusal ??= error;
          // Trying again soon would not free a topic that somebody else holds.
          else if (found !== "TAKEN") failure ??= error;
          return found ?? Promise.reject(error);
        },
      );
      if (problem === null) settled++;
      outages = problem === "UNAVAILABLE" ? outages + 1 : 0;
      if (problem === null || (!HOPELESS.has(problem) && outages < OUTAGES)) continue;
      const rest = steps.slice(index + 1).map((step) => step.topic);
      await store.unreached(slug, rest, problem);
      throw failure;
    }
    for (const { id } of superfluous) await calls.remove(id);
    await store.unwant(slug, wanted);
    // What is refused where others are held would soon be refused again: it has time until the next run.
    if (settled === 0) failure ??= refusal;
    if (failure !== undefined) throw failure;
  }

  /** Brings one topic to what is wanted, by as many calls as that takes, and keeps in mind how far it came. */
  private async settle(keeping: Keeping, topic: SubscriptionTopic, held: VendorSubscription | null): Promise<void> {
    const { managed, calls, callback } = keeping;
    const { store, now } = this.parts;
    const { slug } = managed.provider;
    let current = held;
    try {
      if (current && this.isOver(current)) {
        await calls.remove(current.id);
        current = null;
      }
      if (current && current.callbackUrl !== callback.url) {
        await store.held(slug, { ...current, ...topic }, null);
        current = await calls.update(current, callback);
      }
      if (current?.expiresAt != null && current.expiresAt <= now() + managed.profile.renewBeforeSeconds) {
        current = await calls.renew(current);
      }
      if (!current) await store.asking(slug, topic, callback.url);
      current ??= (await calls.create(topic, callback)) ?? (await this.found(keeping, topic));
      await store.held(slug, { ...current, ...topic }, null);
    } catch (error) {
      const problem = problemOf(error);
      const delivers = current !== null && current.callbackUrl === callback.url && !this.isOver(current);
      if (problem !== null && current && delivers) await store.held(slug, { ...current, ...topic }, problem);
      else if (problem !== null) await store.failed(slug, topic, problem);
      throw error;
    }
  }

  /** The subscription that stood in the way of a new one. */
  private async found({ calls, callback }: Keeping, topic: SubscriptionTopic): Promise<VendorSubscription> {
    const there = (await calls.list()).filter((one) => isSame(one, topic));
    const ours = there.find((one) => one.callbackUrl === callback.url && !this.isOver(one));
    if (ours) return ours;
    throw new Taken("another program holds the topic under the same credentials");
  }

  private isOver({ expiresAt }: VendorSubscription): boolean {
    return expiresAt !== null && expiresAt <= this.parts.now();
  }
}

/** The problem that an error stands for; null where it is none of the vendor's making. */
function problemOf(error: unknown): SubscriptionProblem | null {
  if (error instanceof Taken) return "TAKEN";
  return error instanceof UpstreamFailure ? error.kind : null;
}
