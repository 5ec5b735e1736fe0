import type { CivilDay } from "../../src/domain/days";
import type { Synthetic, SyntheticAnswer, SyntheticFailure, SyntheticPerson } from "../contract";
import { activityDocuments } from "./synthetic-activity";
import { answer, refusal } from "./synthetic-answer";
import { nightDocuments, rechargeDocuments } from "./synthetic-night";
import { syntheticNotice } from "./webhook";

type Documents = (person: SyntheticPerson, day: CivilDay, revision: number) => readonly unknown[];

const DOCUMENTS: Readonly<Record<string, Documents>> = {
  sleep: nightDocuments,
  nightly_recharge: rechargeDocuments,
  activity: activityDocuments,
};

function failure(asked: SyntheticFailure): SyntheticAnswer {
  switch (asked.kind) {
    case "unauthorized":
      return refusal(401, "unauthorized", "Unauthorized.");
    case "rate_limited":
      return {
        ...refusal(429, "too_many_requests", "Too many requests."),
        headers: { "Retry-After": asked.retryAfter, "RateLimit-Usage": "520, 2114", "RateLimit-Limit": "520, 5100" },
      };
    case "server_error":
      return refusal(asked.status, "server_error", "Internal server error.");
  }
}

/** The token answer names no scope: what was asked for is granted. */
function withoutScope(standard: SyntheticAnswer): SyntheticAnswer {
  if (standard.status !== 200 || !(standard.body instanceof Object)) return standard;
  const fields = Object.entries(standard.body).filter(([name]) => name !== "scope");
  return { ...standard, body: { ...Object.fromEntries(fields), token_type: "bearer" } };
}

/** Polar's cloud as the simulator plays it. */
export const synthetic: Synthetic = {
  documents: (endpoint, person, day, revision) => DOCUMENTS[endpoint]?.(person, day, revision) ?? [],
  answer,
  failure,
  webhook: syntheticNotice,
  grant: (scope) => (scope === "accesslink.read_all" ? scope : null),
  vendorUserId: (seed) => String(seed),
  accessTokenSeconds: 315_359_999,
  tokenAnswer: withoutScope,
  tokenFields: ({ seed }) => ({ x_user_id: seed }),
};
