import { oura } from "../../providers/oura";
import { type BrowserPage, findChromium, openPage } from "../support/chromium";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { until } from "../support/job-worker";
import { someoneWithANight } from "../support/new-night";
import { linked } from "../support/newcomer";

// What a newcomer sees: the page of `npm start`, in a browser.
const chromium = findChromium();
const FOLLOW = "subscription { dataChanged { type provider metric day origin } }";
const PROGRESS = "subscription { syncProgress { provider backfill { metric state daysDone daysTotal } } }";
const RUN = "document.querySelector('.graphiql-execute-button')";

let gateway: GatewayProcess;
const pages: BrowserPage[] = [];
beforeAll(async () => {
  if (chromium === undefined) process.stdout.write("not run: no Chromium in PATH, so nobody looks at GraphiQL\n");
  else gateway = await startGateway({ env: { BACKFILL_DAYS: "30" } });
}, 90_000);
afterAll(async () => {
  await Promise.all(pages.map((page) => page.close()));
  await stopAll(gateway);
}, 30_000);

async function open(url: string, something: string): Promise<BrowserPage> {
  const page = await openPage(chromium ?? "", url);
  pages.push(page);
  await until("the page", () => page.evaluate<boolean>(`${something} !== null`), 30_000);
  return page;
}

/** Opens GraphiQL with a query, and presses its button once it knows the schema. */
async function graphiql(query: string): Promise<BrowserPage> {
  const page = await open(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, RUN);
  const editor = "document.querySelector('.graphiql-query-editor').innerText.includes('subscription')";
  await until("the query", () => page.evaluate<boolean>(editor), 30_000);
  await page.evaluate(`${RUN}.click()`);
  const stop = `/Stop/.test(${RUN}.getAttribute('aria-label'))`;
  await until("the subscription", () => page.evaluate<boolean>(stop), 30_000);
  return page;
}

/** What the page shows of the latest answer. The editor wraps and indents as it likes. */
const shown = async (page: BrowserPage) =>
  (await page.evaluate<string>("document.querySelector('.graphiql-response').innerText")).replace(/\s/g, "");

test("linking shows the history coming in, and the simulator's button a new night, while GraphiQL subscribes", async () => {
  if (chromium === undefined) return;
  const progress = await graphiql(PROGRESS);
  const { authorizationUrl } = await linked(gateway, { user: someoneWithANight([oura]) });
  await until(
    "history to be done",
    async () => (await shown(progress)).includes('"state":"DONE","daysDone":30,"daysTotal":30'),
    60_000,
  );
  expect(await shown(progress)).toContain('"provider":"OURA"');

  const following = await graphiql(FOLLOW);
  const simulator = await open(`${authorizationUrl.origin}/__simulator`, "document.querySelector('form button')");
  await simulator.evaluate("document.querySelector('form button').click()");
  await until("the event", async () => (await shown(following)).includes('"dataChanged"'), 30_000);
  // The page shows the latest event alone: a second endpoint's webhook may have updated the day that a first one created.
  const event =
    /"type":"(?:CREATED|UPDATED)","provider":"OURA","metric":"[A-Z]+","day":"\d{4}-\d\d-\d\d","origin":"LIVE"/;
  expect(await shown(following)).toMatch(event);
  expect([progress, following, simulator].flatMap(({ complaints }) => complaints)).toEqual([]);
}, 180_000);
