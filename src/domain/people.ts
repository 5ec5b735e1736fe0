/** A person of the application. `id`: the gateway's own uuid; `externalId`: the application's id for them (the token's subject). */
export interface Person {
  readonly id: string;
  readonly externalId: string;
}

const EXTERNAL_ID = /^[^\p{Cc}]{1,255}$/u;

/** Whether a text can be a person's external id: 1 to 255 characters without control characters. */
export function isExternalId(text: string): boolean {
  return EXTERNAL_ID.test(text);
}

/** ACTIVE: data is fetched; RECONNECT_REQUIRED: the grant is refused; DISCONNECTED: unlinked. */
export type AccountStatus = "ACTIVE" | "RECONNECT_REQUIRED" | "DISCONNECTED";

/** A person's account at a vendor. `connectedAt`: epoch seconds; `grantedScopes` in the vendor's own words. */
export interface Account {
  readonly id: string;
  readonly personId: string;
  readonly provider: string;
  readonly status: AccountStatus;
  readonly grantedScopes: readonly string[];
  readonly connectedAt: number;
  /** Rises with every linking, disconnecting and erasing; work begun under another number is not kept. */
  readonly grantNumber: number;
}
