import type { CivilDay } from "../../src/domain/days";
import type { Synthetic, SyntheticAnswer, SyntheticFailure, SyntheticPerson } from "../contract";
import { activityDocuments } from "./synthetic-activity";
import { answer, failed } from "./synthetic-answer";
import { sleepDocuments } from "./synthetic-sleep";
import { syntheticNotice } from "./webhook";

type Documents = (person: SyntheticPerson, day: CivilDay, revision: number) => readonly unknown[];

const DOCUMENTS: Readonly<Record<string, Documents>> = { sleep_summary: sleepDocuments, activity: activityDocuments };

const SCOPES = ["user.info", "user.metrics", "user.activity", "user.sleepevents"];

/** The vendor has no header that tells when to come back: `retryAfter` is not passed on. */
function failure(asked: SyntheticFailure): SyntheticAnswer {
  switch (asked.kind) {
    case "unauthorized":
      return failed(401, "XRequestID: Not provided invalid_token: The access token provided is invalid");
    case "rate_limited":
      return failed(601, "Too Many Requests");
    case "server_error":
      return { status: asked.status, body: { status: 2556, body: {}, error: "An unknown error occurred" } };
  }
}

/** The parameter that the vendor's refusal names, by the standard's description of what was wrong. */
function refusedParameter(description: string): string {
  if (description.includes("refresh")) return "refresh_token";
  return description.includes("redirect_uri") ? "redirect_uri" : "code";
}

/** Tokens under `body`; refusals inside HTTP 200, by a status of the vendor's own and the name of the parameter. */
function tokenAnswer({ status, headers, body }: SyntheticAnswer): SyntheticAnswer {
  const fields: Readonly<Record<string, unknown>> = { ...(body as object) };
  const sent = { status: 200, ...(headers === undefined ? {} : { headers }) };
  if (status === 200) return { ...sent, body: { status: 0, body: fields } };
  if (status >= 500) return { status, body };
  const { error, error_description: description } = fields;
  if (error === "invalid_client") return { ...sent, body: failed(401, "Invalid client").body };
  const named = refusedParameter(typeof description === "string" ? description : "");
  const parameter = error === "invalid_grant" ? named : String(error);
  return { ...sent, body: failed(503, `Invalid Params: invalid ${parameter}`).body };
}

/** Withings' cloud as the simulator plays it. */
export const synthetic: Synthetic = {
  documents: (endpoint, person, day, revision) => DOCUMENTS[endpoint]?.(person, day, revision) ?? [],
  answer,
  failure,
  webhook: syntheticNotice,
  grant: (scope) => (SCOPES.includes(scope) ? scope : null),
  accessTokenSeconds: 10_800,
  codeSeconds: 30,
  tokenAnswer,
  tokenFields: (person) => ({ userid: person.vendorUserId, csrf_token: "unused" }),
};
