import type { KeptSubscription } from "../../domain/subscriptions";
import type { StoredSubscription, SubscriptionStore } from "../ports/subscriptions";
import type { ManagedProvider } from "./calls";
import { isSame } from "./plan";

/** A stored subscription at a time (epoch seconds): one that has ended since it was seen is MISSING. */
export function asOf(one: StoredSubscription, now: number): StoredSubscription {
  const ended = one.state === "ACTIVE" && one.expiresAt !== null && one.expiresAt <= now;
  return ended ? { ...one, state: "MISSING" } : one;
}

/** Every wanted subscription of the given providers as last seen; OFF where the provider has no address to deliver to. */
export async function overview(
  store: SubscriptionStore,
  providers: readonly ManagedProvider[],
  now: number,
): Promise<readonly KeptSubscription[]> {
  const stored = await store.list();
  return providers.flatMap(({ provider: { slug }, profile, callbackUrl }) =>
    profile.wanted.map((topic): KeptSubscription => {
      const row = stored.find((one) => one.provider === slug && isSame(one, topic));
      const off = callbackUrl === null ? ({ state: "OFF" } as const) : {};
      return { ...NOTHING, provider: slug, ...topic, ...(row && asOf(row, now)), ...off };
    }),
  );
}

const NOTHING = {
  state: "MISSING",
  vendorId: null,
  callbackUrl: null,
  expiresAt: null,
  lastError: null,
  checkedAt: null,
} as const;
