import { registerEnumType } from "type-graphql";

/** Registers a GraphQL enum from its values and their descriptions; the internal value is the name itself. */
function enumOf<K extends string>(name: string, description: string, values: Record<K, string>): { [P in K]: P } {
  const names = Object.keys(values) as K[];
  const enumObj = Object.fromEntries(names.map((value) => [value, value])) as { [P in K]: P };
  const valuesConfig = Object.fromEntries(names.map((value) => [value, { description: values[value] }])) as {
    [P in K]: { description: string };
  };
  registerEnumType(enumObj, { name, description: `${description} Open: keep a default branch.`, valuesConfig });
  return enumObj;
}

/** State of a linked account. */
export const AccountStatus = enumOf("AccountStatus", "State of the link between a person and a vendor's account.", {
  ACTIVE: "Linked; data is fetched.",
  RECONNECT_REQUIRED: "The vendor refuses the grant for good: the person must link again. Stored data stays readable.",
  DISCONNECTED: "Unlinked; nothing is fetched any more.",
});

/** The daily quantities. */
export const Metric = enumOf("Metric", "A daily quantity; each is a field of User.", {
  SLEEP: "User.sleep",
  READINESS: "User.readiness",
  ACTIVITY: "User.activity",
  HRV: "User.hrv",
});

/** State of fetching history. */
export const BackfillState = enumOf("BackfillState", "How fetching the history of a metric goes.", {
  PENDING: "Not begun yet.",
  RUNNING: "It goes on.",
  WAITING: "The provider asks to wait, or failed in passing; it goes on by itself.",
  DONE: "All that the provider answers for is here.",
  FAILED: "Given up for now: tried again every night, and at once when the account is linked again.",
});

/** Why a run was made. */
export const SyncTrigger = enumOf("SyncTrigger", "Why a run was made.", {
  BACKFILL: "History after linking: one run for all of it.",
  RECONCILIATION: "The nightly second look at the last days.",
  WEBHOOK: "The vendor told of something new.",
  REQUESTED: "syncProvider.",
});

/** Why a requested day has no record. */
export const AbsenceReason = enumOf("AbsenceReason", "Why a requested day has no record of a provider.", {
  FUTURE: "The day is still to come for the wearer.",
  NOT_CONNECTED: "The provider was asked for, but no account of it is linked.",
  SCOPE_NOT_GRANTED: "The person did not grant the scope that this metric needs.",
  UNSUPPORTED: "The provider does not offer this metric, not by this method, or not so far back.",
  PROVIDER_HAS_NONE: "The provider was asked and has nothing for the day.",
  NOT_YET_SYNCED: "The provider has not been asked to the end yet; ask again in a few seconds.",
  ERROR: "The provider could not be asked; an issue of the same answer says why.",
});

/** What went wrong at a provider. */
export const IssueCode = enumOf("IssueCode", "What went wrong at a provider while answering.", {
  RECONNECT_REQUIRED: "The grant is refused for good: link again.",
  SCOPE_NOT_GRANTED: "The grant does not cover what was asked.",
  RATE_LIMITED: "The provider asks to wait until retryAt.",
  PROVIDER_UNAVAILABLE: "The provider did not answer in time or answered with a fault of its own.",
  PROVIDER_RESPONSE_INVALID: "The provider's answer could not be trusted; nothing of it was kept.",
  STALE_DATA: "Some days are older than asked for, because the provider could not be asked.",
});

/** How settled a day is. */
export const Completeness = enumOf("Completeness", "How settled a record is.", {
  FINAL: "Settled: the vendor will not revise it.",
  PROVISIONAL: "Whole, but the vendor may still revise it.",
  IN_PROGRESS: "A running total, or a night that is not over.",
});

/** Place of a sleep session in its day. */
export const SleepSessionType = enumOf("SleepSessionType", "Place of a sleep session in its day.", {
  MAIN: "The provider's main night of the day; at most one a day.",
  SECONDARY: "Another session that is no nap.",
  NAP: "Any other session.",
});

/** A stage of the hypnogram. */
export const SleepStage = enumOf("SleepStage", "A stage of the hypnogram.", {
  AWAKE: "Awake in bed.",
  ASLEEP: "Asleep, stage not told.",
  LIGHT: "Light sleep (N1, N2).",
  DEEP: "Deep sleep (N3, slow wave).",
  REM: "Rapid eye movement sleep.",
  UNKNOWN: "A stage that the gateway does not know yet.",
});

/** How a heart rate variability was computed. */
export const HrvMethod = enumOf("HrvMethod", "How a heart rate variability was computed; methods do not compare.", {
  RMSSD: "Root mean square of successive differences between heartbeats.",
  SDNN: "Standard deviation of the intervals between heartbeats.",
  UNKNOWN: "The provider does not say.",
});

/** Whose wish decided which record speaks for a day. */
export const ResolutionPolicy = enumOf("ResolutionPolicy", "Whose wish decided which record speaks for a day.", {
  QUERY_PREFERENCE: "The query's own: the argument `prefer`.",
  PERSON_PREFERENCE: "The person's: setSourcePreference.",
  OPERATOR_PREFERENCE: "That of whoever runs this gateway.",
  DEFAULT: "Nobody named a provider of the day: coverage, then wear, then the order of the providers.",
});

/** Why a candidate was chosen, or was not. */
export const CandidateReason = enumOf("CandidateReason", "Why a provider's record was chosen for a day, or was not.", {
  ONLY_SOURCE: "Chosen: no other provider has the day.",
  PREFERRED: "Chosen: first in the order of preference.",
  BETTER_COVERAGE: "Chosen: more of the day is told, in whole days before running totals, then in fields.",
  BETTER_WEAR: "Chosen: worn for longer.",
  HIGHER_PRIORITY: "Chosen: first in the order of the providers, all else being equal.",
  NO_DATA: "Not chosen: it has nothing for the day; an absence of the same answer says why.",
  PROVISIONAL: "Not chosen: it is still in progress, and the chosen one is whole.",
  LESS_COVERAGE: "Not chosen: it has fewer fields than the chosen one.",
  LESS_WEAR: "Not chosen: it was worn for less time, or does not say.",
  LOWER_PRIORITY: "Not chosen: later in the order of preference or of the providers.",
});

/** What a user interface must handle after a mutation. */
export const UserErrorCode = enumOf("UserErrorCode", "What a user interface must handle after a mutation.", {
  PROVIDER_NOT_CONFIGURED: "This gateway has no credentials for the provider.",
  RETURN_URL_NOT_ALLOWED: "returnUrl is not exactly one of the allowed addresses.",
  SCOPE_UNKNOWN: "The vendor knows no such scope.",
  STATE_INVALID: "The state is unknown, expired, spent, or of another person or provider: start linking again.",
  AUTHORIZATION_DENIED: "The person, or the vendor, declined.",
  CODE_REJECTED: "The vendor rejected the authorization code: start linking again.",
  ACCOUNT_LINKED_ELSEWHERE: "The vendor's account is linked in a way that does not allow this link.",
  NOT_CONNECTED: "No account of this provider is linked.",
  RECONNECT_REQUIRED: "The grant is refused for good: link again.",
  RATE_LIMITED: "The provider asks to wait until retryAt.",
  PROVIDER_UNAVAILABLE: "The provider did not answer in time or answered with a fault of its own.",
  WEBHOOK_URL_NOT_ALLOWED: "The address is not https, does not resolve, or is not public.",
  EVENT_TYPE_UNKNOWN: "There is no such event type, or none was named.",
  WEBHOOK_LIMIT_REACHED: "The application has as many endpoints as it may.",
  WEBHOOK_NOT_FOUND: "The application has no endpoint or delivery of this id.",
  WEBHOOK_DISABLED: "The endpoint is disabled: enable it first.",
});

/** Whether an endpoint is sent anything. */
export const WebhookEndpointStatus = enumOf("WebhookEndpointStatus", "Whether an endpoint is sent anything.", {
  ENABLED: "Events are sent to it.",
  DISABLED: "Nothing is sent to it, and new events are not kept for it; what waited goes on when it is enabled again.",
});

/** Why an endpoint is disabled. */
export const WebhookDisabledReason = enumOf("WebhookDisabledReason", "Why an endpoint is disabled.", {
  REQUESTED: "By updateWebhookEndpoint.",
  GONE: "It answered 410.",
  FAILING: "Everything sent to it failed for five days.",
});

/** What became of an event for one endpoint. */
export const WebhookDeliveryStatus = enumOf("WebhookDeliveryStatus", "What became of an event for one endpoint.", {
  PENDING: "Not accepted yet; the next attempt comes at nextAttemptAt.",
  DELIVERED: "The endpoint answered with a status of 200 to 299.",
  FAILED: "Every attempt failed; retryWebhookDelivery begins anew.",
});

/** What became of a day of a metric. */
export const ChangeType = enumOf("ChangeType", "What became of a day of a metric at one account.", {
  CREATED: "It has its first record.",
  UPDATED: "Something of it is other than before.",
  DELETED: "It has no record any more.",
});

/** Why data were fetched. */
export const ChangeOrigin = enumOf("ChangeOrigin", "Why the gateway looked at what changed.", {
  BACKFILL: "It was bringing history after linking.",
  LIVE: "Somebody asked, or the provider told of news.",
  RECONCILIATION: "It was looking a second time, as it does every night.",
});
/** How a webhook subscription stands. */
export const WebhookSubscriptionState = enumOf(
  "WebhookSubscriptionState",
  "How a wanted webhook subscription stands.",
  {
    ACTIVE: "The vendor holds it.",
    FAILED: "The vendor refused to hold it as wanted; lastError says why. It is tried again within the hour.",
    MISSING: "The vendor does not hold it: not yet, or not any more. It is made within the hour.",
    OFF: "Nobody keeps it: WEBHOOK_BASE_URL is not set.",
  },
);

/** Why a webhook subscription could not be kept. */
export const WebhookSubscriptionProblem = enumOf(
  "WebhookSubscriptionProblem",
  "Why a webhook subscription could not be kept.",
  {
    RATE_LIMITED: "The vendor asked to wait, or would have: the request budget is used up.",
    UNAVAILABLE: "The vendor did not answer, or answered with a fault of its own.",
    INVALID_RESPONSE: "The vendor's answer could not be trusted.",
    UNAUTHORIZED: "The vendor refused the application's credentials.",
    SCOPE_MISSING: "The vendor refused permission.",
    REJECTED: "The vendor refused the request; it may not have reached the callback address.",
    TAKEN: "Another program holds it under the same credentials and delivers elsewhere.",
  },
);
