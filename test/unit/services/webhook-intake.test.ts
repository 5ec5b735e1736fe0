import { DatabaseUnreachable } from "../../../src/domain/errors";
import type { ArrivedEvent } from "../../../src/services/ports/webhook-inbox";
import { Batches } from "../../../src/services/webhooks/batches";
import { WebhookIntake } from "../../../src/services/webhooks/intake";
import { acmeWithWebhooks } from "../../support/webhook-acme";
import { delivery, notice, SECRET } from "../../support/webhook-world";

/** An intake whose inbox does as it is told. */
function intakeOf(keep: (events: readonly ArrivedEvent[]) => Promise<ReadonlySet<string>>, secret: string | null) {
  const provider = acmeWithWebhooks;
  const counted: string[] = [];
  const intake = new WebhookIntake({
    senders: new Map([["acme", { provider, secret }]]),
    inbox: { keep },
    now: () => Date.now() / 1_000,
    count: (_provider, what) => void counted.push(what),
  });
  return { intake, counted };
}

const all = async (events: readonly ArrivedEvent[]) => new Set(events.map(({ provider, key }) => `${provider} ${key}`));

test("without a secret nothing is taken, even where it is signed with an empty one", async () => {
  const { intake } = intakeOf(() => Promise.reject(new Error("expected to keep nothing")), null);
  for (const secret of ["", "null", SECRET])
    expect(await intake.receive("acme", delivery(notice("sleep.updated"), undefined, secret))).toBe("no-secret");
});

test("nothing is acknowledged before it is kept", async () => {
  const order: string[] = [];
  const { intake } = intakeOf(async (events) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push("kept");
    return all(events);
  }, SECRET);
  await intake.receive("acme", delivery(notice("sleep.updated")));
  order.push("acknowledged");
  expect(order).toEqual(["kept", "acknowledged"]);
});

test("what cannot be kept is not acknowledged, and counted", async () => {
  const away = new DatabaseUnreachable({ cause: null });
  const { intake, counted } = intakeOf(() => Promise.reject(away), SECRET);
  await expect(intake.receive("acme", delivery(notice("sleep.updated")))).rejects.toBe(away);
  expect(counted).toEqual(["not-kept"]);
});

test.each([
  ["a user that is no id", notice("sleep.updated", undefined, { user: "a\u0000b" })],
  ["a document that would leave its place in a path", notice("sleep.updated", "..")],
  ["a document of a thousand signs", notice("sleep.updated", "x".repeat(1_000))],
])("%s: kept as unreadable, to be asked of nobody", async (_name, told) => {
  const kept: ArrivedEvent[] = [];
  const { intake } = intakeOf(async (events) => {
    kept.push(...events);
    return all(events);
  }, SECRET);
  expect(await intake.receive("acme", delivery(told))).toBe("kept");
  expect(kept).toMatchObject([{ outcome: "UNREADABLE", vendorUserId: "", event: { endpoints: [] } }]);
});

test("an adapter's own fault is not taken for a body that cannot be read", async () => {
  const broken = new TypeError("expected another adapter");
  const provider = {
    ...acmeWithWebhooks,
    webhook: {
      ...acmeWithWebhooks.webhook!,
      read: () => {
        throw broken;
      },
    },
  };
  const senders = new Map([["acme", { provider, secret: SECRET }]]);
  const intake = new WebhookIntake({ senders, inbox: { keep: all }, now: () => Date.now() / 1_000, count: () => 0 });
  await expect(intake.receive("acme", delivery({}))).rejects.toBe(broken);
});

describe("batches", () => {
  test("what arrives meanwhile is kept together, in order, and nothing twice", async () => {
    const kept: number[][] = [];
    const batches = new Batches<number>(
      async (items) => {
        kept.push([...items]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      },
      () => false,
    );
    await Promise.all([1, 2, 3, 4].map((item) => batches.add([item])));
    expect(kept).toEqual([[1], [2, 3, 4]]);
  });

  test("one that cannot be kept fails alone; an outage fails all that came together, at once", async () => {
    let asked = 0;
    let isOutage = false;
    const batches = new Batches<string>(
      async (items) => {
        asked += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (items.includes("poison")) throw new Error("refused");
      },
      () => isOutage,
    );
    const settle = () =>
      Promise.allSettled(["first", "a", "poison", "b"].map((item) => batches.add([item]))).then((ends) =>
        ends.map(({ status }) => status),
      );
    expect(await settle()).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    isOutage = true;
    asked = 0;
    expect(await settle()).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
    expect(asked).toBe(2);
  });

  test("at most five hundred are kept together, but an arrival is never split", async () => {
    const sizes: number[] = [];
    const batches = new Batches<number>(
      async (items) => {
        sizes.push(items.length);
        await new Promise((resolve) => setTimeout(resolve, 1));
      },
      () => false,
    );
    const many = (count: number) => Array.from({ length: count }, (_, index) => index);
    await Promise.all([1, 300, 300, 900, 1].map((count) => batches.add(many(count))));
    expect(sizes).toEqual([1, 300, 300, 900, 1]);
  });
});
