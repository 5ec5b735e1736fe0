import { Webhook } from "standardwebhooks";
import { ATTEMPT_DELAYS } from "../../src/services/outgoing/verdict";
import { type Received, type Receiver, startReceiver } from "../support/outgoing-receiver";
import { KEY, type WebhookWorld, webhookWorld } from "../support/outgoing-world";

const HOUR = 3_600;

let world: WebhookWorld;
let receiver: Receiver;
beforeEach(async () => {
  world = await webhookWorld();
  receiver = await startReceiver(() => world.clock.now);
});
afterEach(async () => {
  await receiver.close();
  await world.close();
  expect(world.faults).toEqual([]);
});

const endpoint = async (url = receiver.url, eventTypes: readonly string[] | null = null) => {
  const { endpoint: made, secret } = await world.api.create({ url, eventTypes, description: null }, KEY);
  return { id: made.id, secret };
};

/** Has the reference library verify a request as of the time when it came; answers the event. */
function verified(secret: string, { headers, body, at }: Received): { type: string; timestamp: string; data: unknown } {
  const clock = jest.spyOn(Date, "now").mockReturnValue(at * 1_000);
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>) as ReturnType<typeof verified>;
  } finally {
    clock.mockRestore();
  }
}

test("an event is posted once, signed as the reference library wants it", async () => {
  const { id, secret } = await endpoint();
  const made = await world.api.sendTest(id);
  expect(made).toMatchObject({ eventType: "test", status: "PENDING", attempts: [] });
  await world.drive();
  const [request, ...more] = receiver.received;
  expect(more).toEqual([]);
  expect(verified(secret, request!)).toEqual({
    type: "test",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    data: { endpointId: id },
  });
  expect(request!.headers).toMatchObject({
    "content-type": "application/json",
    "webhook-id": made.messageId,
    "user-agent": expect.stringContaining("wearables-gateway"),
  });
  expect(request!.headers["webhook-id"]).toMatch(/^msg_[0-9a-f]{32}$/);
  expect(() => new Webhook(secret).verify(`${request!.body} `, request!.headers as Record<string, string>)).toThrow();
  const [delivery] = await world.deliveries(id);
  expect(delivery).toMatchObject({
    status: "DELIVERED",
    nextAttemptAt: null,
    attempts: [{ statusCode: 200, error: null }],
  });
  await world.drive(world.clock.now + HOUR);
  expect(receiver.received).toHaveLength(1);
});

test("ten attempts over 75 h 35 min under one id, then FAILED, visible, and retried by hand from the beginning", async () => {
  const { id, secret } = await endpoint();
  receiver.reply = () => ({ status: 500 });
  await world.api.sendTest(id);
  const begun = world.clock.now;
  await world.drive(begun + 80 * HOUR);
  const times = receiver.received.map(({ at }) => Math.round(at - begun));
  const delays: readonly number[] = ATTEMPT_DELAYS;
  const expected = delays.map((_, n) => delays.slice(0, n + 1).reduce((sum, delay) => sum + delay, 0));
  expect(expected.at(-1)).toBe(75 * HOUR + 35 * 60 + 5);
  expect(times).toHaveLength(10);
  for (const [n, time] of times.entries()) expect(Math.abs(time - expected[n]!)).toBeLessThanOrEqual(5);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-timestamp"])).size).toBe(10);
  for (const request of receiver.received) verified(secret, request);
  const [failed] = await world.deliveries(id);
  expect(failed).toMatchObject({ status: "FAILED", nextAttemptAt: null });
  expect(failed!.attempts).toHaveLength(10);

  receiver.reply = ({ headers }) => ({
    status: headers["webhook-id"] === failed!.messageId && receiver.received.length > 11 ? 204 : 500,
  });
  expect(await world.api.retry(failed!.id)).toMatchObject({ status: "PENDING" });
  await world.drive(world.clock.now + 10);
  const [again] = await world.deliveries(id);
  expect([again!.status, again!.attempts.length, again!.messageId]).toEqual(["DELIVERED", 12, failed!.messageId]);
});

test("jitter moves each delay by at most a tenth, and differs", async () => {
  await world.close();
  world = await webhookWorld({ chance: Math.random });
  const { id } = await endpoint();
  receiver.reply = () => ({ status: 500 });
  await world.api.sendTest(id);
  await world.drive(world.clock.now + 90 * HOUR);
  const times = receiver.received.map(({ at }) => at);
  expect(times).toHaveLength(10);
  const exact = times.slice(1).filter((time, n) => {
    const delay = time - times[n]!;
    const planned = ATTEMPT_DELAYS[n + 1]!;
    expect(Math.abs(delay - planned)).toBeLessThanOrEqual(planned * 0.1 + 5);
    return Math.abs(delay - planned) < 0.001;
  });
  expect(exact).toEqual([]);
});

test("a consumer that is away for 24 hours loses nothing", async () => {
  const { id, secret } = await endpoint(receiver.url, ["data.changed"]);
  const people = await Promise.all(Array.from({ length: 2 }, (_, n) => world.at.addPerson(`person ${n}`)));
  const begun = world.clock.now;
  let accepted: Received[] = [];
  receiver.reply = (request) => {
    if (request.at < begun + 24 * HOUR) return { status: 503 };
    accepted = [...accepted, request];
    return { status: 200 };
  };
  for (let hour = 0; hour < 30; hour += 1) {
    for (const person of people) await world.changed(person, [`2026-10-${String(1 + hour).padStart(2, "0")}`]);
    await world.drive(begun + hour * HOUR);
  }
  await world.drive(begun + 110 * HOUR);
  const deliveries = await world.deliveries(id);
  expect(deliveries).toHaveLength(60);
  expect(deliveries.filter(({ status }) => status !== "DELIVERED")).toEqual([]);
  const told = new Map<string, Set<string>>();
  for (const request of accepted) {
    const { data } = verified(secret, request) as {
      data: { user: { externalId: string }; changes: { day: string }[] };
    };
    for (const { day } of data.changes)
      told.set(data.user.externalId, (told.get(data.user.externalId) ?? new Set()).add(day));
  }
  expect([...told.values()].map((days) => days.size)).toEqual([30, 30]);
}, 120_000);

test("410 disables the endpoint; what waits goes on when it is enabled again", async () => {
  const { id } = await endpoint();
  receiver.reply = () => ({ status: 410 });
  await world.api.sendTest(id);
  await world.drive(world.clock.now + HOUR);
  expect((await world.api.endpoints())[0]).toMatchObject({ disabledReason: "GONE" });
  const [gone] = await world.deliveries(id);
  expect(gone).toMatchObject({ status: "FAILED", attempts: [{ statusCode: 410 }] });
  await expect(world.api.sendTest(id)).rejects.toMatchObject({ code: "WEBHOOK_DISABLED" });
  await expect(world.api.retry(gone!.id)).rejects.toMatchObject({ code: "WEBHOOK_DISABLED" });
  const person = await world.at.addPerson();
  await world.changed(person, ["2026-10-01"]);
  await world.drive(world.clock.now + HOUR);
  expect(receiver.received).toHaveLength(1);

  receiver.reply = () => ({ status: 200 });
  await world.api.update(id, { enabled: true }, KEY);
  await world.api.retry(gone!.id);
  await world.drive(world.clock.now + 10);
  expect((await world.deliveries(id))[0]).toMatchObject({ status: "DELIVERED" });
});

test("an endpoint that fails everything for five days is disabled, and keeps what it was not sent", async () => {
  const { id } = await endpoint();
  receiver.reply = () => ({ status: 500 });
  const begun = world.clock.now;
  for (let day = 0; day < 5; day += 1) {
    await world.api.sendTest(id);
    await world.drive(begun + (day + 1) * 24 * HOUR - 60);
    expect((await world.api.endpoints())[0]).toMatchObject({ disabledReason: null });
  }
  await world.drive(begun + 8 * 24 * HOUR);
  expect((await world.api.endpoints())[0]).toMatchObject({ disabledReason: "FAILING" });
  const waiting = (await world.deliveries(id)).filter(({ status }) => status === "PENDING");
  expect(waiting.length).toBeGreaterThan(0);
  expect(waiting.map(({ nextAttemptAt }) => nextAttemptAt)).toEqual(waiting.map(() => null));
  const before = receiver.received.length;
  receiver.reply = () => ({ status: 200 });
  await world.api.update(id, { enabled: true }, KEY);
  await world.drive(world.clock.now + 100 * HOUR);
  expect(receiver.received.length).toBe(before + waiting.length);
});

test.each([
  [429, "120", 120],
  [503, "30", 30],
  [502, undefined, 5],
  [504, "garbage", 60],
  [429, "-5", 60],
  [503, "99999999999", 3_600],
])("%s with Retry-After %s: nothing is sent for %s s, then everything", async (status, retryAfter, seconds) => {
  const { id } = await endpoint();
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  receiver.reply = () => ({ status, headers });
  await world.api.sendTest(id);
  await world.drive();
  receiver.reply = () => ({ status: 200 });
  const begun = world.clock.now;
  for (let n = 0; n < 3; n += 1) await world.api.sendTest(id);
  await world.drive(begun + seconds - 3);
  expect(receiver.received).toHaveLength(1);
  const [next] = await world.deliveries(id);
  expect(Math.abs(next!.nextAttemptAt! - begun - seconds)).toBeLessThanOrEqual(3);
  await world.drive(begun + seconds + 6);
  expect(receiver.received).toHaveLength(5);
  expect((await world.deliveries(id)).map((one) => one.status)).toEqual(Array(4).fill("DELIVERED"));
});

test("for 24 hours after a rotation both secrets verify, then the new one alone", async () => {
  const { id, secret } = await endpoint();
  const renewed = await world.api.rotate(id, KEY);
  expect(renewed).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await world.api.sendTest(id);
  await world.drive();
  await world.drive(world.clock.now + 25 * HOUR);
  await world.api.sendTest(id);
  await world.drive();
  const [during, after] = receiver.received;
  expect(String(during!.headers["webhook-signature"]).split(" ")).toHaveLength(2);
  for (const valid of [secret, renewed]) verified(valid, during!);
  expect(String(after!.headers["webhook-signature"])).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  verified(renewed, after!);
  expect(() => verified(secret, after!)).toThrow();
});

test("at most two requests are under way at an endpoint, over all processes", async () => {
  const { id } = await endpoint();
  receiver.reply = async () => {
    await new Promise((done) => setTimeout(done, 30));
    return { status: 200 };
  };
  for (let n = 0; n < 12; n += 1) await world.api.sendTest(id);
  await Promise.all(Array.from({ length: 6 }, () => world.deliverer.wake(id)));
  await world.deliverer.settled();
  expect([receiver.received.length, receiver.most()]).toEqual([12, 2]);
});

test("events of a person come in their order as long as they are accepted; one that is refused holds up none", async () => {
  const { id } = await endpoint(receiver.url, ["data.changed"]);
  const person = await world.at.addPerson("ann");
  const refused = new Set<string>();
  receiver.reply = ({ headers }) => {
    const messageId = String(headers["webhook-id"]);
    if (receiver.received.length !== 3 && !refused.has(messageId)) return { status: 200 };
    refused.add(messageId);
    return { status: 422 };
  };
  for (let day = 1; day <= 9; day += 1) {
    await world.changed(person, [`2026-10-0${day}`]);
    await world.announce();
  }
  await world.deliverer.wake(id);
  await world.deliverer.settled();
  const days = receiver.received.map(({ body }) => JSON.parse(body).data.changes[0].day.slice(-1));
  expect([...new Set(days)].join("")).toBe("123456789");
  expect((await world.deliveries(id)).filter(({ status }) => status === "PENDING")).toHaveLength(1);
});
