import type { SubscriptionTopic, VendorSubscription } from "../../../providers/contract";

/** The path of the address where a provider delivers, behind the base of the deployment. */
export function callbackPath(slug: string): string {
  return `/webhooks/${slug}`;
}

/** What there is to do: for each wanted topic the subscription that is held, ours that are too many, and how many are not ours. */
export interface Plan {
  readonly steps: readonly { readonly topic: SubscriptionTopic; readonly held: VendorSubscription | null }[];
  readonly superfluous: readonly VendorSubscription[];
  readonly foreign: number;
}

/** Whether two topics are the same. */
export function isSame(one: SubscriptionTopic, other: SubscriptionTopic): boolean {
  return one.dataType === other.dataType && one.eventType === other.eventType;
}

/**
 * What tells a subscription of this gateway from one that another program made with the same credentials: ids that it was seen to
 * hold, and addresses to which it has asked for deliveries. A path that looks like ours proves nothing: another deployment has it too.
 */
export interface Known {
  readonly ids: ReadonlySet<string>;
  readonly callbackUrls: ReadonlySet<string>;
}

/** Whether a subscription is this gateway's own. */
export function isOurs({ id, callbackUrl }: VendorSubscription, known: Known): boolean {
  return known.ids.has(id) || known.callbackUrls.has(callbackUrl);
}

/** Compares what is wanted with what the vendor holds. Of several for one topic that with the right callback stays, then that which ends last. */
export function plan(
  wanted: readonly SubscriptionTopic[],
  held: readonly VendorSubscription[],
  callbackUrl: string,
  known: Known,
): Plan {
  const ours = held.filter((one) => isOurs(one, known));
  const rank = (one: VendorSubscription): number => (one.callbackUrl === callbackUrl ? 1 : 0);
  const end = (one: VendorSubscription): number => one.expiresAt ?? Number.MAX_SAFE_INTEGER;
  const steps = wanted.map((topic) => {
    const candidates = ours.filter((one) => isSame(one, topic));
    const [best = null] = candidates.sort((a, b) => rank(b) - rank(a) || end(b) - end(a));
    return { topic, held: best };
  });
  const kept = new Set(steps.map((step) => step.held?.id));
  return { steps, superfluous: ours.filter(({ id }) => !kept.has(id)), foreign: held.length - ours.length };
}
