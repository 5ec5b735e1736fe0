import type { Pool } from "pg";
import { linked } from "../../support/newcomer";
import type { Bench } from "../bench";
import { DASHBOARD_QUERY } from "../dashboard";
import { median } from "../percentile";
import type { CaseResult } from "../report";

/** Everybody signs in as the same user of the vendor: the same pages, so that the provider can have them ready. */
const VENDOR_USER = "ingest";
const SYNC = `mutation ($range: DateRange!) { syncProvider(input: { provider: OURA, range: $range }) {
  fetchedRecords userErrors { code message } } }`;
const RAW = ["raw_documents", "set_aside_documents"];
const MEGABYTE = 1_000_000;

/** A year of one person after the other, all endpoints, from a provider that has its pages ready. */
export async function ingest(bench: Bench): Promise<CaseResult> {
  const { world, people, scale } = bench;
  const gateway = await bench.gateway("free");
  const seconds: number[] = [];
  const own: number[] = [];
  let records = 0;
  let before = await sizes(world.admin);
  await world.pagesKept(true);
  for (let number = 0; number <= scale.ingestPeople; number++) {
    const token = await world.token(`ingest-${number}`);
    await linked(gateway, { token, user: VENDOR_USER });
    // The first one lets the provider make its pages, and the gateway compile.
    if (number === 1) before = await sizes(world.admin);
    await world.pages();
    const begun = performance.now();
    const { data, errors } = await gateway.graphql(SYNC, { range: people.days }, token);
    const took = performance.now() - begun;
    const { fetchedRecords, userErrors } = data.syncProvider;
    if (errors.length + userErrors.length > 0 || fetchedRecords === null) {
      throw new Error(`${JSON.stringify([errors, userErrors])}`);
    }
    if (number === 0) continue;
    seconds.push(took / 1_000);
    own.push(slowestChain(await world.pages()) / 1_000);
    records = fetchedRecords;
  }
  await world.pagesKept(false);
  const after = await sizes(world.admin);
  const whole = await wholeYear(bench, gateway);
  const grown = (tables: (name: string) => boolean) =>
    [...after].reduce((sum, [name, bytes]) => (tables(name) ? sum + bytes - (before.get(name) ?? 0) : sum), 0) /
    scale.ingestPeople /
    MEGABYTE;
  const [total, raw] = [grown(() => true), grown((name) => RAW.includes(name))];
  const year = scale.days;
  return {
    title: `${year} days of one person, every stored endpoint of Oura, ${scale.ingestPeople} people one after the other`,
    figures: [],
    targets: [
      { name: `seconds for a person's ${year} days`, got: median(seconds), wanted: 1.5, better: "less", unit: " s" },
      { name: "stored for a person, raw documents too", got: total, wanted: 5, better: "less", unit: " MB" },
      { name: "stored for a person without raw", got: total - raw, wanted: 1, better: "less", unit: " MB" },
    ],
    notes: [
      `${records} records, ${Math.round(records / median(seconds))} a second; the provider's slowest endpoint took ${median(own).toFixed(2)} s of it`,
      `tables with indexes, after VACUUM: ${describe(before, after, scale.ingestPeople)}`,
      whole,
    ],
  };
}

/** Milliseconds of the endpoint whose pages took longest one after the other. */
function slowestChain(pages: readonly { path: string; ms: number }[]): number {
  const chains = new Map<string, number>();
  for (const { path, ms } of pages) chains.set(path, (chains.get(path) ?? 0) + ms);
  return Math.max(0, ...chains.values());
}

/** Bytes of each table with its indexes and TOAST. */
async function sizes(admin: Pool): Promise<Map<string, number>> {
  await admin.query("VACUUM ANALYZE");
  const { rows } = await admin.query<{ name: string; bytes: string }>(
    `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`,
  );
  return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}

function describe(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, people: number): string {
  return [...after]
    .map(([name, bytes]) => [name, (bytes - (before.get(name) ?? 0)) / people / 1_000] as const)
    .filter(([, kilobytes]) => kilobytes >= 1)
    .sort(([, one], [, other]) => other - one)
    .map(([name, kilobytes]) => `${name} ${Math.round(kilobytes)} kB`)
    .join(", ");
}

/** That what was ingested is there: the last one's year, as the dashboard answers it. */
async function wholeYear(
  { world, people, scale }: Bench,
  gateway: Awaited<ReturnType<Bench["gateway"]>>,
): Promise<string> {
  const token = await world.token(`ingest-${scale.ingestPeople}`);
  const { data } = await gateway.graphql(DASHBOARD_QUERY, { range: people.days }, token);
  const { nodes, issues } = data.viewer.sleep;
  if (issues.length > 0 || nodes.length < scale.days * 0.8) {
    throw new Error(`${nodes.length} nights of ${scale.days}, ${JSON.stringify(issues)}`);
  }
  return `read again: ${nodes.length} of ${scale.days} nights, no issues`;
}
