import { isDeepStrictEqual } from "node:util";
import {
  type Provider,
  type SyntheticEvent,
  type WebhookEvent,
  type WebhookProfile,
  WireError,
} from "../../providers/contract";
import { addDays, type CivilDay, type DayRange, daysOf } from "../../src/domain/days";
import { judge, sign } from "../../src/services/webhooks/authenticity";
import { LAST_400_DAYS, somebody } from "./people";
import { withLaterFields } from "./rules-fixtures";
import type { Fixture, Rule, Subject } from "./subject";

const SOME_DAYS: DayRange = { start: addDays(LAST_400_DAYS.end, -21), end: addDays(LAST_400_DAYS.end, -10) };
const CHANGES = ["created", "updated", "deleted"] as const;
const NOW = 1_790_000_000;

type Read = readonly WebhookEvent[] | { readonly wireError: string };

/** Reads a notice; a WireError becomes text. Any other error is a bug and is thrown on. */
function readOrRefuse(webhook: WebhookProfile, body: unknown): Read {
  try {
    return webhook.read(body);
  } catch (error) {
    if (error instanceof WireError) return { wireError: error.path };
    throw error;
  }
}

/** Runs a check on the wearables that send webhooks. */
function whereSent(check: (webhook: WebhookProfile, subject: Subject) => string[]): Rule["check"] {
  return (subject) => (subject.provider.webhook ? check(subject.provider.webhook, subject) : []);
}

function fixturesOf({ fixtures }: Subject, kind: string): Fixture[] {
  return fixtures.filter((fixture) => fixture.group === "webhook" && fixture.kind === kind);
}

/** A notice as it comes over HTTP: through JSON, or as the fields of a form. */
function overHttp({ format }: WebhookProfile, said: unknown): unknown {
  if (format !== "form") return JSON.parse(JSON.stringify(said));
  return Object.fromEntries(Object.entries(Object(said)).map(([name, value]) => [name, String(value)]));
}

/** Every synthetic notice of some days. */
function noticesOf(provider: Provider, webhook: WebhookProfile) {
  const { vendorUserId } = provider.synthetic;
  const data = { firstDay: SOME_DAYS.start, lastDay: SOME_DAYS.end };
  const person = somebody({ ...data, ...(vendorUserId ? { vendorUserId: vendorUserId(11) } : {}) });
  const changes = provider.endpoints.flatMap(({ name }) =>
    daysOf(SOME_DAYS).flatMap((day) =>
      provider.synthetic
        .documents(name, person, day, 0)
        .flatMap((document) => CHANGES.map((change) => ({ change, endpoint: name, document, day }))),
    ),
  );
  return changes.flatMap((what, index) => {
    const id = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    const event: SyntheticEvent = { ...what, person, at: NOW + index, id };
    const said = provider.synthetic.webhook?.(event) ?? null;
    return said === null ? [] : [{ event, body: overHttp(webhook, said) }];
  });
}

/** The days that an event leads to: those that it names, and those of its document; null where that says nothing that is kept. */
function daysTold(
  provider: Provider,
  { days, document }: WebhookEvent,
  person: SyntheticEvent["person"],
): CivilDay[] | null {
  const named = days ? daysOf(days) : [];
  const source = provider.endpoints.find(({ name }) => name === document?.endpoint);
  if (!document || !source?.document) return named;
  const { method, path, query = {}, form = {} } = source.document.request(document.id);
  const answer = provider.synthetic.answer({
    ...{ method, path, query, form, person, grantedScopes: provider.oauth.scopes, pageSize: null },
    documents: (name, range) => daysOf(range).flatMap((day) => provider.synthetic.documents(name, person, day, 0)),
  });
  if (answer?.status !== 200) return named;
  const { documents } = source.document.read(JSON.parse(JSON.stringify(answer.body)));
  const records = documents.flatMap((one) => one.records);
  return records.length === 0 ? null : [...named, ...records.map(({ day }) => day)];
}

/** What is wrong with one notice of a change. */
function noticeProblems(
  { provider }: Subject,
  webhook: WebhookProfile,
  event: SyntheticEvent,
  body: unknown,
): string[] {
  const what = `${event.endpoint} ${event.change} on ${event.day}`;
  const read = readOrRefuse(webhook, body);
  if ("wireError" in read) return [`${what}: refused at ${read.wireError}`];
  const names = provider.endpoints.map(({ name }) => name);
  return read.flatMap((told) => [
    ...(told.vendorUserId === event.person.vendorUserId ? [] : [`${what}: told of somebody else`]),
    ...told.endpoints.filter((name) => !names.includes(name)).map((name) => `${what}: no endpoint ${name}`),
    ...(told.endpoints.includes(event.endpoint) ? [] : [`${what}: ${event.endpoint} is not read again`]),
    ...((daysTold(provider, told, event.person)?.includes(event.day) ?? true)
      ? []
      : [`${what}: does not lead to its day`]),
    ...(event.change === "deleted" || told.change !== "deleted" ? [] : [`${what}: told as deleted`]),
  ]);
}

/** Rules about what a vendor tells of new data. */
export const webhookRules: readonly Rule[] = [
  {
    number: 25,
    name: "webhooks: headers in lower case, forged and stale ones refused, an answer within 1 to 30 s",
    check: whereSent(({ signature, answerWithinSeconds }) => {
      const patience = answerWithinSeconds >= 1 && answerWithinSeconds <= 30 ? [] : ["answerWithinSeconds"];
      if (signature === "secret_path") return patience;
      const { header, timestamp } = signature;
      const headers = [header, ...(timestamp ? [timestamp.header] : [])];
      const body = Buffer.from('{"a":1}');
      const at = (seconds: number) =>
        timestamp ? String(timestamp.unit === "seconds" ? seconds : seconds * 1_000) : "";
      const verdict = (time: string, secret: string, told = body) => {
        const sent = new Map([
          [header, sign(signature, secret, time, body)],
          ...(timestamp ? [[timestamp.header, time] as const] : []),
        ]);
        return judge(signature, "secret", { header: (name) => sent.get(name), body: told }, NOW);
      };
      const verdicts = [
        verdict(at(NOW), "secret"),
        verdict(at(NOW), "another"),
        verdict(at(NOW), "secret", Buffer.from("{}")),
      ];
      const stale = [-400, 400].map((away) => verdict(at(NOW + away), "secret"));
      return [
        ...patience,
        ...headers.filter((name) => !/^[a-z0-9-]+$/.test(name)).map((name) => `header ${name}`),
        ...(isDeepStrictEqual(verdicts, ["authentic", "forged", "forged"]) ? [] : [`judged ${verdicts.join(", ")}`]),
        ...(timestamp && stale.some((each) => each !== "stale") ? [`far times are ${stale.join(", ")}`] : []),
      ];
    }),
  },
  {
    number: 26,
    name: "each good notice tells exactly what is written beside it, each bad one is refused there",
    check: whereSent((webhook, subject) => {
      const missing = ["good", "bad"].filter((kind) => fixturesOf(subject, kind).length === 0);
      const good = fixturesOf(subject, "good").flatMap(({ name, body, expected }) => {
        const told = [body, body, withLaterFields(body)].map((each) => readOrRefuse(webhook, each));
        return told.every((each) => isDeepStrictEqual(each, expected)) ? [] : [`${name}: ${JSON.stringify(told[0])}`];
      });
      const bad = fixturesOf(subject, "bad").flatMap(({ name, body, expected }) => {
        const told = readOrRefuse(webhook, body);
        return "wireError" in told && isDeepStrictEqual(told, expected) ? [] : [`${name}: ${JSON.stringify(told)}`];
      });
      return [...missing.map((kind) => `webhook has no ${kind}-*.json`), ...good, ...bad];
    }),
  },
  {
    number: 27,
    name: "a synthetic notice leads to its person, its endpoint and its day",
    check: whereSent((webhook, subject) => {
      const notices = noticesOf(subject.provider, webhook);
      const problems = notices.flatMap(({ event, body }) => noticeProblems(subject, webhook, event, body));
      return notices.length > 0 ? problems : ["the simulator tells nothing"];
    }),
  },
  {
    number: 28,
    name: "events have keys of their own, the same each time they are read; where not, they are said to repeat",
    check: whereSent((webhook, { provider }) => {
      const keys = new Map<string, string>();
      return noticesOf(provider, webhook).flatMap(({ event, body }) => {
        const what = `${event.endpoint} ${event.change} on ${event.day}`;
        const [once, again] = [webhook.read(body), webhook.read(structuredClone(body))];
        const shared = once.filter(({ key, repeats }) => !repeats && keys.has(key)).map(({ key }) => keys.get(key));
        for (const { key } of once) keys.set(key, what);
        return [
          ...(isDeepStrictEqual(once, again) ? [] : [`${what}: read differently the second time`]),
          ...shared.map((other) => `${what}: has the key of ${other}`),
        ];
      });
    }),
  },
];
