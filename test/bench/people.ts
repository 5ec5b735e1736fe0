import { setTimeout as sleep } from "node:timers/promises";
import { addDays, type CivilDay, type DayRange } from "../../src/domain/days";
import type { ViewerAnswer } from "../support/answers";
import type { GatewayProcess } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { DASHBOARD, DASHBOARD_QUERY, daysUpTo, LAST_DAY } from "./dashboard";
import { cloneStatement, fillStatement, PEERS_TABLES, POSTGRAPHILE_FUNCTIONS } from "./statements";
import type { World } from "./world";

/** Someone with days: the gateway's id for them, and the token that they come with. */
export interface Someone {
  readonly person: string;
  readonly token: string;
}

/** What a run asks about. `days`: those that everybody has. */
export interface People {
  /** Linked and filled by the gateway itself. */
  readonly origins: readonly Someone[];
  /** Everybody, the origins among them. */
  readonly all: readonly Someone[];
  readonly days: DayRange;
}

/** Tables of a person's account that are no data of theirs, or that nobody else could open. */
const NOT_CLONED = ["grants", "flights", "raw_documents", "set_aside_documents", "refresh_attempts"];
/** Tables whose rows are of many days: not cloned where only some days are. */
const OF_ALL_DAYS = ["changes"];

/**
 * Makes `count` people with `days` days each: `origins` of them link and are filled through the gateway, the others get copies of
 * their rows, column by column as the gateway wrote them, under ids of their own. The peers get the same days in tables of theirs.
 */
export async function makePeople(
  world: World,
  gateway: GatewayProcess,
  { origins, count, days }: { origins: number; count: number; days: number },
): Promise<People> {
  await world.admin.query(PEERS_TABLES);
  const range = daysUpTo(LAST_DAY, days);
  const first: Someone[] = [];
  for (let number = 0; number < origins; number++) first.push(await origin(world, gateway, `origin-${number}`, range));
  await clone(world, first, count - origins, { names: "copy", since: null });
  for (const part of DASHBOARD) await world.admin.query(cloneStatement(part));
  await world.admin.query(
    "INSERT INTO bench.people SELECT person FROM bench.clones UNION SELECT DISTINCT origin FROM bench.clones",
  );
  await world.admin.query(POSTGRAPHILE_FUNCTIONS);
  await world.admin.query("VACUUM ANALYZE");
  const { rows } = await world.admin.query<{ person: string; name: string }>(
    "SELECT c.person, p.external_id AS name FROM bench.clones c JOIN people p ON p.id = c.person ORDER BY c.number",
  );
  const copies = await Promise.all(rows.map(async ({ person, name }) => ({ person, token: await world.token(name) })));
  return { origins: first, all: [...first, ...copies], days: range };
}

/** Links a person and lets the gateway fetch their days; the peers' tables are filled from its answer. */
async function origin(world: World, gateway: GatewayProcess, name: string, range: DayRange): Promise<Someone> {
  const token = await world.token(name);
  await linked(gateway, { token, user: name });
  const viewer = await wholeAnswer(gateway, range, token);
  const { rows } = await world.admin.query<{ id: string }>("SELECT id FROM people WHERE external_id = $1", [name]);
  const person = rows[0]?.id ?? "";
  for (const part of DASHBOARD) {
    await world.admin.query(fillStatement(part), [person, JSON.stringify(viewer[part.field].nodes)]);
  }
  return { person, token };
}

/** Adds people with copies of some of the last days of the origins, to the gateway's tables alone. */
export async function addPeople(
  world: World,
  { origins }: People,
  { count, days }: { count: number; days: number },
): Promise<void> {
  const { start } = daysUpTo(LAST_DAY, days);
  await world.admin.query("ALTER TABLE bench.clones RENAME TO clones_before");
  await clone(world, origins, count, { names: "added", since: start });
  await world.admin.query("DROP TABLE bench.clones");
  await world.admin.query("ALTER TABLE bench.clones_before RENAME TO clones");
  await world.admin.query("VACUUM ANALYZE");
  await world.admin.query("CHECKPOINT");
}

const CLONES = (count: number, origins: readonly Someone[]) => `
CREATE TABLE bench.clones AS
SELECT n AS number, o.person AS origin, a.id AS origin_account, gen_random_uuid() AS person, gen_random_uuid() AS account
FROM generate_series(0, ${count - 1}) AS n
JOIN unnest('{${origins.map(({ person }) => person).join()}}'::uuid[]) WITH ORDINALITY AS o (person, place)
  ON o.place - 1 = n % ${origins.length}
JOIN accounts a ON a.person_id = o.person`;

const ATTEMPTS = 20;

/** The dashboard without issues: on a busy machine the provider's year may come later than somebody at a screen waits. */
async function wholeAnswer(gateway: GatewayProcess, range: DayRange, token: string): Promise<ViewerAnswer> {
  let problem: unknown = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { data, errors } = await gateway.graphql(DASHBOARD_QUERY, { range }, token);
    if (errors.length > 0) throw new Error(`filling: ${JSON.stringify(errors)}`);
    const parts = DASHBOARD.map(({ field }) => data.viewer[field]);
    if (parts.every(({ nodes, issues }) => nodes.length > 0 && issues.length === 0)) return data.viewer;
    problem = parts.map(({ issues }) => issues);
    await sleep(1_000);
  }
  throw new Error(`filling: ${JSON.stringify(problem)}`);
}

/** Copies people and all that their accounts have; `since`: of what has a day, only this one and later ones. */
async function clone(
  { admin }: World,
  origins: readonly Someone[],
  count: number,
  { names, since }: { names: string; since: CivilDay | null },
): Promise<void> {
  await admin.query(CLONES(count, origins));
  const own = { id: "c.person", external_id: `'${names}-' || c.number` };
  await admin.query(await copying(admin, "people", "t.id = c.origin", own));
  const { rows } = await admin.query<{ name: string; dated: boolean }>(
    `SELECT table_name AS name, bool_or(column_name = 'day') AS dated FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name <> ALL ($1)
       AND table_name IN (SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition)
     GROUP BY 1 HAVING bool_or(column_name = 'account_id') AND bool_or(column_name = 'person_id') ORDER BY 1`,
    [since === null ? NOT_CLONED : [...NOT_CLONED, ...OF_ALL_DAYS]],
  );
  const account = { person_id: "c.person", id: "c.account" };
  await admin.query(await copying(admin, "accounts", "t.person_id = c.origin AND t.id = c.origin_account", account));
  for (const { name, dated } of rows) {
    const its = { person_id: "c.person", account_id: "c.account" };
    const late = dated && since !== null ? ` AND t.day >= '${since}'` : "";
    await admin.query(
      await copying(admin, name, `t.person_id = c.origin AND t.account_id = c.origin_account${late}`, its),
    );
  }
}

/** An INSERT of every column of a table, some of them changed, once for each clone of the row's person. */
async function copying(
  admin: World["admin"],
  table: string,
  which: string,
  changed: Readonly<Record<string, string>>,
): Promise<string> {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`,
    [table],
  );
  const names = rows.map(({ name }) => name);
  const values = names.map((name) => changed[name] ?? `t.${name}`);
  return `INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")} FROM bench.clones c JOIN ${table} t ON ${which}`;
}

/** Makes every day as new as a sync of this moment would, and every cell and answer of before outdated. */
export async function justSynced({ admin }: World): Promise<void> {
  await admin.query("UPDATE coverage_days SET checked_at = now()");
  await outdate(admin);
}

/** Raises every person's data version, and waits until every process has to look it up again. */
export async function outdate(admin: World["admin"]): Promise<void> {
  await admin.query("UPDATE people SET data_version = data_version + 1");
  await new Promise((resolve) => setTimeout(resolve, TRUSTED_MS + 100));
}

/** Milliseconds for which a process may trust its copy of a data version. */
const TRUSTED_MS = 1_000;

/** Ranges of `length` days that lie within a range, the latest first. */
export function windowsIn({ start, end }: DayRange, length: number): DayRange[] {
  const windows: DayRange[] = [];
  for (let last: CivilDay = end; addDays(last, 1 - length) >= start; last = addDays(last, -1)) {
    windows.push(daysUpTo(last, length));
  }
  return windows;
}
