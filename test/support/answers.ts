/** One daily record as answered; which fields are there follows from the query. */
export type DayNode = { readonly id: string; readonly day: string } & Readonly<Record<string, unknown>>;

/** One metric over a range, as answered. */
export interface MetricAnswer {
  readonly nodes: readonly DayNode[];
  readonly bySource: readonly DayNode[];
  readonly absences: readonly { firstDay: string; lastDay: string; provider: string; reason: string }[];
  readonly issues: readonly { code: string; provider: string; message: string; retryAt: string | null }[];
}

/** An account as answered. */
export interface AccountAnswer {
  readonly id: string;
  readonly provider: string;
  readonly status: string;
  readonly connectedAt: string;
  readonly grantedScopes: readonly string[];
  readonly lastSyncedAt: string | null;
}

/** The viewer as answered. */
export interface ViewerAnswer {
  readonly id: string;
  readonly externalId: string;
  readonly accounts: readonly AccountAnswer[];
  readonly sleep: MetricAnswer;
  readonly readiness: MetricAnswer;
  readonly activity: MetricAnswer;
  readonly hrv: MetricAnswer;
}

/** A payload's refusal. */
export interface UserErrorAnswer {
  readonly code: string;
  readonly message: string;
  readonly field: readonly string[] | null;
  readonly retryAt: string | null;
}

interface Payload {
  readonly account: AccountAnswer | null;
  readonly userErrors: readonly UserErrorAnswer[];
}

/** Data of any operation; what is really there follows from the query in the test. */
export interface AnswerData {
  readonly viewer: ViewerAnswer;
  readonly node: DayNode | null;
  readonly user: ViewerAnswer | null;
  readonly providers: readonly { provider: string; displayName: string; configured: boolean; metrics: string[] }[];
  readonly connectProvider: {
    authorizationUrl: string | null;
    state: string | null;
    expiresAt: string | null;
    userErrors: readonly UserErrorAnswer[];
  };
  readonly completeConnection: Payload;
  readonly disconnectProvider: {
    provider: string;
    revokedAtProvider: boolean | null;
    deletedRecords: number | null;
    userErrors: readonly UserErrorAnswer[];
  };
  readonly syncProvider: Payload & { fetchedRecords: number | null };
}
