import { isDeepStrictEqual } from "node:util";
import { endpointsOf, metricsOf, type Provider, type SyntheticAnswer, scopeName } from "../../providers/contract";
import { addDays, type DayRange, daysOf } from "../../src/domain/days";
import type { UpstreamFailureKind } from "../../src/domain/errors";
import { METRIC_KINDS } from "../../src/domain/metrics";
import { ask, datedRecords, documentsOf, LAST_400_DAYS, pagesOf, saidBy, somebody, withMargin } from "./people";
import { recordProblems } from "./rules-records";
import type { Rule } from "./subject";

const SOME_DAYS: DayRange = { start: addDays(LAST_400_DAYS.end, -40), end: addDays(LAST_400_DAYS.end, -10) };
const A_SEASON: DayRange = { start: addDays(LAST_400_DAYS.end, -100), end: LAST_400_DAYS.end };
const LEAST_SHARE = 0.9;

const FAILURES: Readonly<Record<number, UpstreamFailureKind>> = {
  401: "UNAUTHORIZED",
  403: "SCOPE_MISSING",
  429: "RATE_LIMITED",
};

/** The failure that an answer tells, by its status or, where the vendor does so, inside a good one. */
function failureIn(provider: Provider, answer: SyntheticAnswer | null): UpstreamFailureKind | null {
  if (answer === null) return null;
  return answer.status === 200 ? (provider.bodyFailure?.(answer.body) ?? null) : (FAILURES[answer.status] ?? null);
}

/** Rules about the stand-in cloud, and about the endpoints as asked of it. */
export const syntheticRules: readonly Rule[] = [
  {
    number: 17,
    name: "synthetic answers are read without a fault",
    check: ({ provider }) =>
      [1, 2, 3].flatMap((seed) =>
        provider.endpoints.flatMap((endpoint) => {
          const pages = pagesOf(provider, endpoint, somebody({ seed }), A_SEASON, null);
          const records = pages.flatMap((page) => page.documents.flatMap(saidBy));
          return [
            ...pages.flatMap((page) => page.setAside).map(({ path }) => `${endpoint.name}: set aside at ${path}`),
            ...records.flatMap(recordProblems).map((problem) => `${endpoint.name}: ${problem}`),
            ...(records.length === 0 ? [`${endpoint.name}: no records`] : []),
          ];
        }),
      ),
  },
  {
    number: 18,
    name: "at least 90 % of synthetic days complete in every metric, and some gaps",
    check: ({ provider }) =>
      metricsOf(provider).flatMap((metric) => {
        const person = somebody({ seed: 5 });
        const whole = new Set<string>(daysOf(LAST_400_DAYS));
        let gaps = false;
        for (const endpoint of endpointsOf(provider, metric)) {
          const records = datedRecords(provider, endpoint, person, LAST_400_DAYS);
          for (const kind of METRIC_KINDS[metric].essential.filter((kind) => endpoint.yields.includes(kind))) {
            const there = new Set<string>(records.filter((record) => record.kind === kind).map(({ day }) => day));
            for (const day of [...whole]) if (!there.has(day)) gaps = whole.delete(day) || gaps;
          }
        }
        const share = whole.size / daysOf(LAST_400_DAYS).length;
        if (share < LEAST_SHARE) return [`${metric}: ${(share * 100).toFixed(1)} % complete`];
        return gaps ? [] : [`${metric}: no gap at all`];
      }),
  },
  {
    number: 19,
    name: "synthetic documents follow from seed and day: repeatable, differing, a revision keeps its ids",
    check: ({ provider }) =>
      provider.endpoints.flatMap(({ name }) => {
        const make = (seed: number, revision: number) =>
          daysOf(SOME_DAYS).map((day) => provider.synthetic.documents(name, somebody({ seed }), day, revision));
        const [once, again, other, revised] = [make(1, 0), make(1, 0), make(2, 0), make(1, 1)];
        const ids = (days: readonly (readonly unknown[])[]) =>
          days.flat().map((document) => (document as { readonly id?: unknown }).id);
        const different = new Set(once.flat().map((document) => JSON.stringify(document)));
        return [
          ...(isDeepStrictEqual(once, again) ? [] : [`${name}: not repeatable`]),
          ...(isDeepStrictEqual(once, other) ? [`${name}: alike for every seed`] : []),
          ...(isDeepStrictEqual(once, revised) ? [`${name}: a revision changes nothing`] : []),
          ...(isDeepStrictEqual(ids(once), ids(revised)) ? [] : [`${name}: a revision changes ids`]),
          ...(different.size === once.flat().length ? [] : [`${name}: two documents alike`]),
        ];
      }),
  },
  {
    number: 20,
    name: "page after page ends, loses nothing and repeats the range beside the cursor",
    check: ({ provider }) =>
      provider.endpoints.flatMap((endpoint) => {
        const person = somebody({ seed: 3 });
        const limit = 60;
        const whole = pagesOf(provider, endpoint, person, SOME_DAYS, null).flatMap((page) => page.documents);
        const pages = pagesOf(provider, endpoint, person, SOME_DAYS, 3, limit);
        const first = endpoint.request(SOME_DAYS, null);
        const next = endpoint.request(SOME_DAYS, "next");
        const repeated = Object.entries({ ...first.query, ...first.form }).every(
          ([name, value]) => (next.query?.[name] ?? next.form?.[name]) === value,
        );
        return [
          ...(pages.length >= limit ? [`${endpoint.name}: the chain does not end`] : []),
          // A vendor without pages: its endpoint makes one request, whatever the cursor.
          ...(pages.length < 2 && !isDeepStrictEqual(first, next)
            ? [`${endpoint.name}: a page size is disregarded`]
            : []),
          ...(isDeepStrictEqual(
            pages.flatMap((page) => page.documents),
            whole,
          )
            ? []
            : [`${endpoint.name}: pages lose documents`]),
          ...(repeated ? [] : [`${endpoint.name}: the range is not repeated`]),
        ];
      }),
  },
  {
    number: 21,
    name: "the window with its margin brings every document of the days at both edges",
    check: ({ provider }) =>
      provider.endpoints.flatMap((endpoint) =>
        [-600, -480, 0, 60, 840].flatMap((offsetMinutes) =>
          [0, 5].flatMap((length) => {
            const person = somebody({ seed: 4, offsetMinutes });
            return Array.from({ length: 8 }, (_, index) => {
              const start = addDays(SOME_DAYS.start, index * 3);
              const range = { start, end: addDays(start, length) };
              const due = daysOf(range).flatMap((day) => documentsOf(provider.synthetic, endpoint.name, person, day));
              const window = withMargin(endpoint, range);
              const came = pagesOf(provider, endpoint, person, window, null).flatMap((page) => page.documents);
              const texts = new Set(came.map(({ raw }) => JSON.stringify(raw)));
              const lost = due.filter((document) => !texts.has(JSON.stringify(document)));
              return lost.length === 0
                ? []
                : [`${endpoint.name}: ${lost.length} of ${range.start} to ${range.end} lost`];
            }).flat();
          }),
        ),
      ),
  },
  {
    number: 22,
    name: "a missing scope, an unknown path and each failure are answered as errors",
    check: ({ provider }) => {
      const { synthetic, oauth } = provider;
      const unscoped = provider.endpoints
        .filter(({ scopes }) => scopes.length > 0)
        .filter((endpoint) => {
          const failure = failureIn(provider, ask(provider, endpoint, somebody({}), SOME_DAYS, null, null, []));
          return failure !== "UNAUTHORIZED" && failure !== "SCOPE_MISSING";
        });
      const [endpoint] = provider.endpoints;
      const lost =
        endpoint &&
        ask(
          provider,
          { ...endpoint, request: () => ({ method: "GET", path: "/nothing" }) },
          somebody({}),
          SOME_DAYS,
          null,
          null,
        );
      const limited = synthetic.failure({ kind: "rate_limited", retryAfter: "17" });
      const headers = Object.entries(limited.headers ?? {});
      const whole = synthetic.failure({
        ...{ kind: "rate_limited", retryAfter: "17", limit: { requests: 9, seconds: 8, resetAt: 1_790_000_000 } },
      });
      const lowered = Object.entries(whole.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
      const scope = provider.rateLimitScope?.(Object.fromEntries(lowered)) ?? "application";
      const dropped = oauth.defaultScopes.filter(
        (scope) => scopeName(provider, synthetic.grant(scope) ?? "") !== scope,
      );
      return [
        ...unscoped.map(({ name }) => `${name} answers without its scope`),
        ...(lost === null ? [] : ["an unknown path is answered"]),
        ...(failureIn(provider, limited) === "RATE_LIMITED" ? [] : ["rate_limited"]),
        ...(failureIn(provider, whole) === "RATE_LIMITED" && scope === "application"
          ? []
          : ["a limit of the whole application"]),
        ...(limited.status === 429 && !headers.some(([name, value]) => /^retry-after$/i.test(name) && value === "17")
          ? ["rate_limited without retry-after"]
          : []),
        ...(failureIn(provider, synthetic.failure({ kind: "unauthorized" })) === "UNAUTHORIZED"
          ? []
          : ["unauthorized"]),
        ...(synthetic.failure({ kind: "server_error", status: 503 }).status === 503 ? [] : ["server_error"]),
        ...dropped.map((scope) => `default scope ${scope} is never granted`),
        ...(synthetic.grant("no_such_scope") === null ? [] : ["grants scopes that do not exist"]),
        ...(synthetic.accessTokenSeconds > 0 ? [] : ["accessTokenSeconds"]),
      ];
    },
  },
];
