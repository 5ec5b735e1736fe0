import { DASHBOARD, type DashboardPart } from "./dashboard";

const columnsOf = ({ columns }: DashboardPart) => Object.keys(columns).map((name) => `"${name}"`);

/** The opaque id of a day as SQL, base64url without padding; `person` and `day` are expressions. */
function idOf({ metric }: DashboardPart, person: string, day: string): string {
  const text = `'d|' || ${person} || '|${metric}|oura|' || ${day} || '|${metric === "HRV" ? "RMSSD" : ""}'`;
  return `translate(encode(convert_to(${text}, 'UTF8'), 'base64'), E'+/=\\n', '-_')`;
}

/** The tables that a rival would design: one typed row per person, day and metric, in the order of the key, ids made beforehand. */
export const PEERS_TABLES = `
CREATE SCHEMA bench;
CREATE TABLE bench.people (person uuid PRIMARY KEY);
${DASHBOARD.map(({ field, columns }) => {
  const typed = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
  return `CREATE TABLE bench.${field} (person uuid NOT NULL, day date NOT NULL, key text NOT NULL, provider text NOT NULL,
    ${typed.join(", ")}, PRIMARY KEY (person, day));`;
}).join("\n")}`;

/** Fills a peers' table from JSON; parameters: person, and rows with `day` and the columns. */
export function fillStatement(part: DashboardPart): string {
  const typed = Object.entries(part.columns).map(([name, type]) => `"${name}" ${type}`);
  return `INSERT INTO bench.${part.field} (person, day, key, provider, ${columnsOf(part).join(", ")})
    SELECT $1, n.day, ${idOf(part, "$1::uuid", "n.day")}, 'OURA', ${columnsOf(part)
      .map((name) => `n.${name}`)
      .join(", ")}
    FROM jsonb_to_recordset($2::jsonb) AS n(day date, ${typed.join(", ")})`;
}

/** Gives the clones (`bench.clones`) of each person their rows of a peers' table. */
export function cloneStatement(part: DashboardPart): string {
  return `INSERT INTO bench.${part.field} (person, day, key, provider, ${columnsOf(part).join(", ")})
    SELECT c.person, t.day, ${idOf(part, "c.person", "t.day")}, t.provider, ${columnsOf(part)
      .map((name) => `t.${name}`)
      .join(", ")}
    FROM bench.clones c JOIN bench.${part.field} t ON t.person = c.origin ORDER BY c.person, t.day`;
}

/** One of the four hand-written statements: a person's days of a metric; parameters: person, first and last day. */
export function daysStatement(part: DashboardPart): string {
  return `SELECT day::text AS day, ${columnsOf(part).join(", ")} FROM bench.${part.field}
    WHERE person = $1 AND day BETWEEN $2 AND $3 ORDER BY day`;
}

/** The runs of a range without a row; `person`, `from`, `to` are expressions. */
function gapsOf({ field }: DashboardPart, person: string, from: string, to: string): string {
  return `unnest(datemultirange(daterange(${from}, ${to}, '[]')) - (SELECT coalesce(range_agg(daterange(day, day, '[]')), '{}')
    FROM bench.${field} WHERE person = ${person} AND day BETWEEN ${from} AND ${to}))`;
}

function jsonOf(part: DashboardPart): string {
  const nodes = `SELECT coalesce(json_agg(n), '[]') FROM (SELECT key AS id, day, provider, ${columnsOf(part).join(", ")}
    FROM bench.${part.field} WHERE person = $1 AND day BETWEEN $2 AND $3 ORDER BY day) AS n`;
  const absences = `SELECT coalesce(json_agg(json_build_object('firstDay', lower(r), 'lastDay', upper(r) - 1,
    'provider', 'OURA', 'reason', 'PROVIDER_HAS_NONE') ORDER BY lower(r)), '[]')
    FROM ${gapsOf(part, "$1", "$2::date", "$3::date")} AS r`;
  return `'${part.field}', json_build_object('nodes', (${nodes}), 'absences', (${absences}), 'issues', '[]'::json)`;
}

/** The one statement whose answer is the whole body; parameters: person, first and last day. */
export const BODY_STATEMENT = `SELECT json_build_object('data', json_build_object('viewer', json_build_object(
  ${DASHBOARD.map(jsonOf).join(",\n  ")})))::text AS body`;

/** What the limit of a first answer keeps: documents sealed, and a score of each. */
export const LEAST_TABLES = `
CREATE TABLE IF NOT EXISTS bench.least_raw (person uuid, endpoint text, id text, content_hash bytea, sealed bytea, PRIMARY KEY (person, endpoint, id));
CREATE TABLE IF NOT EXISTS bench.least_records (person uuid, endpoint text, id text, day date, score float8, PRIMARY KEY (person, endpoint, id));`;

/** Keeps all of a first answer in one statement; parameters: person, and rows. */
export const LEAST_STATEMENT = `
WITH n AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS n(endpoint text, id text, day date, score float8, hash text, sealed text)),
raw AS (INSERT INTO bench.least_raw SELECT $1, endpoint, id, decode(hash, 'hex'), decode(sealed, 'base64') FROM n)
INSERT INTO bench.least_records SELECT $1, endpoint, id, day, score FROM n`;

/** What PostGraphile makes fields of a person of: the days and the absences of each metric. */
export const POSTGRAPHILE_FUNCTIONS = `
CREATE TYPE bench.absence AS ("firstDay" date, "lastDay" date, provider text, reason text);
${DASHBOARD.map(
  (part) => `
CREATE FUNCTION bench.people_${part.field}(p bench.people, from_day date, to_day date) RETURNS SETOF bench.${part.field}
  LANGUAGE sql STABLE AS $$ SELECT * FROM bench.${part.field} WHERE person = p.person AND day BETWEEN from_day AND to_day ORDER BY day $$;
CREATE FUNCTION bench.people_${part.field}_absences(p bench.people, from_day date, to_day date) RETURNS SETOF bench.absence
  LANGUAGE sql STABLE AS $$ SELECT lower(r), upper(r) - 1, 'OURA'::text, 'PROVIDER_HAS_NONE'::text
    FROM ${gapsOf(part, "p.person", "from_day", "to_day")} AS r ORDER BY lower(r) $$;`,
).join("")}`;

/** PostGraphile's own query of the dashboard; variables `person`, `from`, `to`. */
export const POSTGRAPHILE_QUERY = `query Dashboard($person: UUID!, $from: Date!, $to: Date!) { viewer: personByPerson(person: $person) {
  ${DASHBOARD.map(
    ({
      field,
      columns,
    }) => `${field}(fromDay: $from, toDay: $to) { nodes { id: key day provider ${Object.keys(columns).join(" ")} } }
  ${field}Absences(fromDay: $from, toDay: $to) { nodes { firstDay lastDay provider reason } }`,
  ).join("\n  ")}
} }`;
