import type { Provider, WebhookEvent, WebhookProfile, WebhookSignature } from "../../providers/contract";
import type { Breakage } from "./broken";
import type { Fixture, Subject } from "./subject";

/** A wearable that signs its webhooks, broken in one place of them at a time. */
export function webhookBreakages(sound: Subject): Breakage[] {
  const { webhook, synthetic } = sound.provider;
  if (!webhook || webhook.signature === "secret_path") throw new Error("expected a wearable that signs webhooks");
  const { signature } = webhook;
  const provider = (changes: Partial<Provider>): Subject => ({ ...sound, provider: { ...sound.provider, ...changes } });
  const profile = (changes: Partial<WebhookProfile>) => provider({ webhook: { ...webhook, ...changes } });
  const signing = (changes: Partial<WebhookSignature>) => profile({ signature: { ...signature, ...changes } });
  const reading = (change: (event: WebhookEvent) => WebhookEvent) =>
    profile({ read: (body) => webhook.read(body).map(change) });
  const fixtures = (keep: (fixture: Fixture) => boolean): Subject => ({
    ...sound,
    fixtures: sound.fixtures.filter(keep),
  });
  let count = 0;
  return [
    { rule: 25, name: "a header in upper case", broken: signing({ header: "X-Signature" }) },
    { rule: 25, name: "no patience at all", broken: profile({ answerWithinSeconds: 0 }) },
    {
      rule: 25,
      name: "a signed time that nobody can read",
      broken: signing({ timestamp: { header: signature.header, unit: "seconds" } }),
    },
    { rule: 26, name: "no notice written down", broken: fixtures(({ group }) => group !== "webhook") },
    { rule: 26, name: "another change", broken: reading((event) => ({ ...event, change: "updated" })) },
    { rule: 26, name: "swallows what is no notice", broken: profile({ read: () => [] }) },
    {
      rule: 26,
      name: "refuses further fields",
      broken: profile({
        read: (body) => (JSON.stringify(body).includes("added_later") ? [] : webhook.read(body)),
      }),
    },
    { rule: 27, name: "another user", broken: reading((event) => ({ ...event, vendorUserId: "somebody" })) },
    { rule: 27, name: "no endpoint", broken: reading((event) => ({ ...event, endpoints: [] })) },
    { rule: 27, name: "an endpoint of no wearable", broken: reading((event) => ({ ...event, endpoints: ["naps"] })) },
    {
      rule: 27,
      name: "another document",
      broken: reading((event) => (event.document ? { ...event, document: { ...event.document, id: "other" } } : event)),
    },
    {
      rule: 27,
      name: "no single documents",
      broken: provider({ endpoints: sound.provider.endpoints.map(({ document: _document, ...rest }) => rest) }),
    },
    { rule: 27, name: "told as deleted", broken: reading((event) => ({ ...event, change: "deleted" })) },
    {
      rule: 27,
      name: "a simulator that tells nothing",
      broken: provider({ synthetic: { ...synthetic, webhook: () => null } }),
    },
    { rule: 28, name: "one key for all", broken: reading((event) => ({ ...event, key: "same" })) },
    { rule: 28, name: "a new key each time", broken: reading((event) => ({ ...event, key: `event ${count++}` })) },
  ];
}
