import { addDays, daysOf } from "../../src/domain/days";
import { historiesForTests, step } from "../support/history-process";
import { around, question, type Someone, TODAY, type World } from "../support/reading-world";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});

const D = (offset: number) => addDays(TODAY, offset);

/** A document as somebody else writes it: with numbers that a double does not hold, and with what is removed from what is read. */
const odd = (id: string, day: string, value = "7.0") =>
  `{ "id": "${id}","day":"${day}", "serial": 9007199254740993, "drift":1e309, "value" : ${value}, "note":"\\"]}\\u0000\\u00e9", "__proto__":{"admin":true} }`;
const page = (documents: readonly string[], next: string | null) => ({
  body: `{"items":[${documents.join(" ,\n")}], "next":${JSON.stringify(next)}}`,
});

/** What is kept sealed of a person's documents, opened. */
async function opened(someone: Someone, table: "raw_documents" | "set_aside_documents", id: string): Promise<string[]> {
  const vault = await world.at.vaults.of(someone.person.id);
  const rows = await world.rows<{ endpoint: string; id: string; sealed_body: Buffer }>(
    `SELECT endpoint, ${id} AS id, sealed_body FROM ${table} WHERE account_id = $1 ORDER BY id`,
    [someone.accountId],
  );
  return rows.map(({ endpoint, id, sealed_body }) => {
    const row = `${someone.accountId}/${endpoint}/${id}`;
    return vault.open({ table, column: "sealed_body", row, provider: "acme" }, sealed_body).toString();
  });
}

test("a document is kept as it came, one that cannot be read as well", async () => {
  const { gateway } = await processes.start();
  const someone = await world.someone();
  const documents = [odd("a", D(-2)), odd("b", D(-1)), odd("c", D(-1), "-1.0")];
  world.vendor.script = () => page(documents, null);
  const [answer] = await gateway.ask(someone, question("ACTIVITY", around(-3, 0)));
  expect(answer!.nodes).toHaveLength(2);
  expect(await opened(someone, "raw_documents", "document_id")).toEqual(documents.slice(0, 2));
  expect(await opened(someone, "set_aside_documents", "encode(content_hash, 'hex')")).toEqual(documents.slice(2));
});

test("the same text again is not kept anew, another writing of it is", async () => {
  const { gateway } = await processes.start();
  const someone = await world.someone();
  const fetchedAt = async () => {
    return world.rows("SELECT fetched_at::text FROM raw_documents WHERE account_id = $1", [someone.accountId]);
  };
  const ask = () => gateway.ask(someone, question("ACTIVITY", around(-1, 0), { maxAgeSeconds: 0 }));
  world.vendor.script = () => page([odd("a", D(-1))], null);
  await ask();
  const before = await fetchedAt();
  await ask();
  expect(await fetchedAt()).toEqual(before);
  world.vendor.script = () => page([odd("a", D(-1), "7")], null);
  await ask();
  expect(await fetchedAt()).not.toEqual(before);
  expect(await opened(someone, "raw_documents", "document_id")).toEqual([odd("a", D(-1), "7")]);
});

test("documents of pages that came before a fault are kept as they came", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  const days = daysOf({ start: addDays(D(0), -19), end: D(0) });
  const documents = days.map((day) => odd(`activity-${day}`, day));
  await history.arm(someone, 20);
  let refusals = 2;
  world.vendor.script = ({ cursor }) => {
    if (cursor === null) return page(documents.slice(0, 10), "10");
    return refusals-- > 0 ? { status: 503, body: "{}" } : page(documents.slice(10), null);
  };
  await expect(step(world, history, someone, "activity")).rejects.toThrow();
  expect(await world.rows("SELECT page FROM fetched_pages WHERE account_id = $1", [someone.accountId])).toHaveLength(1);
  await step(world, history, someone, "activity");
  expect(await opened(someone, "raw_documents", "document_id")).toEqual(documents);
});
