/** Why data were fetched: history after linking, somebody's question or the vendor's notice, or the regular second look. */
export type ChangeOrigin = "BACKFILL" | "LIVE" | "RECONCILIATION";
