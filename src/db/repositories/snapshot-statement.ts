import type { SnapshotRequest } from "../../services/ports/records";
import type { PreparedStatement } from "../prepared";
import { STATE_COLUMNS } from "./person-state";

/** What a statement of {@link snapshotStatement} answers. */
export interface SnapshotRow {
  readonly version: string;
  readonly offset_minutes: number | null;
  /** What is known of each endpoint: the four kinds of {@link COVERAGE}, with `|` between them. */
  readonly coverage: string;
  /** Records of each account, endpoint and kind as JSON, without the outer brackets; null for none. */
  readonly records?: string | null;
  /** A row of {@link STATE_COLUMNS} as JSON. */
  readonly state?: string;
}

/**
 * Records of one account, endpoint and kind: the places of account and endpoint among those asked for (from 1), the kind, and of each
 * record how many days after the first that was asked for it is, when it was received, its key, and what `recordText` wrote of it.
 */
export type WireRecords = readonly [
  account: number,
  endpoint: number,
  kind: string,
  days: readonly number[],
  received: readonly number[],
  keys: readonly string[],
  bodies: readonly (readonly unknown[])[],
];

const ASKED = "daterange($4, $5, '[]')";
const HERE = "t.person_id = $1 AND t.account_id = ANY ($2) AND t.endpoint = ANY ($3)";
const PLACES = "array_position($2, t.account_id), array_position($3, t.endpoint)";

/** SQL for a text of rows with `;` between them, each a line of values with spaces between them; empty for none. */
function rows(values: string, from: string): string {
  return `(SELECT string_agg(concat_ws(' ', ${PLACES}, ${values}), ';') FROM ${from})`;
}

const within = (days: string) => `${days} * datemultirange(${ASKED})`;

/** Days that were checked, days that are settled, days of which a document was set aside; each with the places of its account and endpoint. */
const COVERAGE = [
  rows("t.day, date_part('epoch', t.checked_at)", `coverage_days t WHERE ${HERE} AND t.day BETWEEN $4 AND $5`),
  rows(within("t.known"), `coverage_settled t WHERE ${HERE}`),
  rows(within("t.days"), `set_aside_documents t WHERE ${HERE} AND t.days && ${ASKED} AND t.expires_at > now()`),
];

/** Recent checks, of settled days too: when, and of which days. */
const CHECKS = rows(
  `date_part('epoch', t.started_at), ${within("t.days")}`,
  `fetches t WHERE ${HERE} AND t.started_at >= to_timestamp($6::float8) AND t.days && ${ASKED}`,
);

// Lists of values, and bodies as they are: making rows of JSON takes twice as long.
const RECORDS = `(SELECT string_agg(concat('[', array_position($2, g.account_id), ',', array_position($3, g.endpoint), ',"', g.kind, '",[',
    g.days, '],[', g.received, '],', g.keys, ',[[', g.bodies, ']]]'), ',') FROM (
  SELECT t.account_id, t.endpoint, t.kind, string_agg((t.day - $4::date)::text, ',') AS days,
    string_agg(date_part('epoch', t.fetch_started_at)::text, ',') AS received, json_agg(t.key)::text AS keys,
    string_agg(t.body, '],[') AS bodies
  FROM records t WHERE ${HERE} AND t.day BETWEEN $4 AND $5 AND t.body IS NOT NULL
  GROUP BY t.account_id, t.endpoint, t.kind) AS g)`;

const STATE = `(SELECT to_json(s)::text FROM (SELECT ${STATE_COLUMNS}) AS s)`;

/** The statements made so far, by their names. */
const made = new Map<string, PreparedStatement>();

/**
 * One statement is one snapshot: coverage, records, version and state cannot disagree. What a request does not ask for is not part of
 * its statement: what the database only begins takes time as well.
 */
export function snapshotStatement(request: SnapshotRequest): {
  readonly statement: PreparedStatement;
  readonly values: readonly unknown[];
} {
  const { personId, accountIds, endpoints, range, checkedSince, withRecords, belief = null } = request;
  const parts = { checks: checkedSince !== null, records: withRecords, state: belief !== null };
  const wanted = Object.entries(parts).flatMap(([part, isWanted]) => (isWanted ? [part] : []));
  const name = ["snapshot", ...wanted].join(" ");
  const statement = made.get(name) ?? { name, text: textOf(parts) };
  made.set(name, statement);
  const values = [personId, accountIds, endpoints, range.start, range.end];
  return { statement, values: parts.checks ? [...values, checkedSince] : values };
}

function textOf({ checks, records, state }: Readonly<Record<"checks" | "records" | "state", boolean>>): string {
  const coverage = [...COVERAGE, ...(checks ? [CHECKS] : [])].join(", '|', ");
  const columns = [
    "p.data_version::text AS version, p.utc_offset_minutes AS offset_minutes",
    `concat(${coverage}) AS coverage`,
    ...(records ? [`${RECORDS} AS records`] : []),
    ...(state ? [`${STATE} AS state`] : []),
  ];
  return `SELECT ${columns.join(",\n  ")}\nFROM people p WHERE p.id = $1`;
}
