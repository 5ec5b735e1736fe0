import type { CivilDay } from "../../src/domain/days";
import type { Synthetic, SyntheticAnswer, SyntheticFailure, SyntheticPerson } from "../contract";
import { dailyActivityDocuments } from "./synthetic-activity";
import { answer } from "./synthetic-answer";
import { dailyReadinessDocuments } from "./synthetic-readiness";
import { dailySleepDocuments, sleepDocuments } from "./synthetic-sleep";
import { subscriptions } from "./synthetic-subscriptions";
import { syntheticNotice } from "./webhook";

type Documents = (person: SyntheticPerson, day: CivilDay, revision: number) => readonly unknown[];

const DOCUMENTS: Readonly<Record<string, Documents>> = {
  daily_sleep: dailySleepDocuments,
  sleep: sleepDocuments,
  daily_readiness: dailyReadinessDocuments,
  daily_activity: dailyActivityDocuments,
};

const GRANTABLE = ["email", "personal", "daily", "heartrate", "workout", "tag", "session", "spo2", "heart_health"];

function failure(asked: SyntheticFailure): SyntheticAnswer {
  switch (asked.kind) {
    case "unauthorized":
      return {
        status: 401,
        body: { status: 401, title: "Unauthorized", detail: "Invalid or expired authentication token." },
      };
    case "rate_limited":
      return {
        status: 429,
        headers: {
          "Retry-After": asked.retryAfter,
          "X-RateLimit-Limit": String(asked.limit?.requests ?? 5_000),
          "X-RateLimit-Window": String(asked.limit?.seconds ?? 300),
          ...(asked.limit ? { "X-RateLimit-Reset": String(Math.ceil(asked.limit.resetAt)) } : {}),
          "X-RateLimit-Tier": asked.limit ? "app" : "token",
        },
        body: { detail: "Request Rate Limit Exceeded." },
      };
    case "server_error":
      return { status: asked.status, body: { detail: "Internal Server Error" } };
  }
}

/** Oura's cloud as the simulator plays it. */
export const synthetic: Synthetic = {
  documents: (endpoint, person, day, revision) => DOCUMENTS[endpoint]?.(person, day, revision) ?? [],
  answer: (request) => answer(request, Object.keys(DOCUMENTS)),
  failure,
  webhook: syntheticNotice,
  // Scopes that the application is not approved for are dropped without a word.
  grant: (scope) => (GRANTABLE.includes(scope) ? `extapi:${scope}` : null),
  subscriptions,
  accessTokenSeconds: 86_400,
};
