import type { KeptSubscription } from "../../domain/subscriptions";
import type { SubscriptionStore } from "../ports/subscriptions";
import type { ManagedProvider } from "./calls";
import { isSame } from "./plan";

/** Every wanted subscription of the given providers as last seen; OFF where the provider has no address to deliver to. */
export async function overview(
  store: SubscriptionStore,
  providers: readonly ManagedProvider[],
): Promise<readonly KeptSubscription[]> {
  const stored = await store.list();
  return providers.flatMap(({ provider: { slug }, profile, callbackUrl }) =>
    profile.wanted.map((topic): KeptSubscription => {
      const row = stored.find((one) => one.provider === slug && isSame(one, topic));
      const off = callbackUrl === null ? ({ state: "OFF" } as const) : {};
      return { ...NOTHING, provider: slug, ...topic, ...row, ...off };
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
