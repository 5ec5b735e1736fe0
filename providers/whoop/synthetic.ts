import type { CivilDay } from "../../src/domain/days";
import type { Synthetic, SyntheticAnswer, SyntheticFailure, SyntheticPerson } from "../contract";
import { answer } from "./synthetic-answer";
import { cycleDocuments, recoveryDocuments } from "./synthetic-cycle";
import { userId } from "./synthetic-day";
import { sleepDocuments } from "./synthetic-sleep";
import { syntheticNotice } from "./webhook";

type Documents = (person: SyntheticPerson, day: CivilDay, revision: number) => readonly unknown[];

const DOCUMENTS: Readonly<Record<string, Documents>> = {
  sleep: sleepDocuments,
  recovery: recoveryDocuments,
  cycle: cycleDocuments,
};

const GRANTABLE = [
  "offline",
  "read:profile",
  "read:sleep",
  "read:recovery",
  "read:cycles",
  "read:workout",
  "read:body_measurement",
];

function failure(asked: SyntheticFailure): SyntheticAnswer {
  switch (asked.kind) {
    case "unauthorized":
      return { status: 401, body: { message: "Authorization was not valid" } };
    case "rate_limited":
      return {
        status: 429,
        headers: {
          "Retry-After": asked.retryAfter,
          "X-RateLimit-Limit": "100, 100;window=60, 10000;window=86400",
          "X-RateLimit-Remaining": "0",
          "X-RateLimit-Reset": asked.retryAfter,
        },
        body: { message: "Too many requests" },
      };
    case "server_error":
      return { status: asked.status, body: { message: "Server error occurred while making request" } };
  }
}

/** WHOOP's cloud as the simulator plays it. */
export const synthetic: Synthetic = {
  documents: (endpoint, person, day, revision) => DOCUMENTS[endpoint]?.(person, day, revision) ?? [],
  answer,
  failure,
  webhook: syntheticNotice,
  grant: (scope) => (GRANTABLE.includes(scope) ? scope : null),
  accessTokenSeconds: 3600,
  vendorUserId: (seed) => String(userId(seed)),
};
