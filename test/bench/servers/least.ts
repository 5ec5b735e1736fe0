import { hash, randomBytes, randomUUID } from "node:crypto";
import { Pool } from "pg";
import { Agent, request } from "undici";
import type { Endpoint } from "../../../providers/contract";
import { oura } from "../../../providers/oura";
import { personVault } from "../../../src/db/vault";
import { type DayRange, widen } from "../../../src/domain/days";
import { readJson, textOf } from "../../../src/domain/json-text";
import { LEAST_STATEMENT } from "../statements";
import { serving } from "./listening";

/** A document as the vendor sends it. */
interface Document {
  readonly id: string;
  readonly day: string;
  readonly score?: number;
}

/**
 * The limit of a first answer: every page at once, each document deflated and sealed as it comes, all of it committed by one statement,
 * and the days as JSON. It knows no accounts, grants, leases, coverage or row-level security, and neither checks nor maps what it reads.
 * With DOCUMENTS=read it keeps nothing: what is left is fetching the pages and reading their JSON. Its bearer tokens are the provider's own.
 */
function main(): void {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? "", max: 4 });
  const agent = new Agent({ connections: 8 });
  const isKept = process.env.DOCUMENTS !== "read";

  const page = async (endpoint: Endpoint, range: DayRange, authorization: string): Promise<readonly Document[]> => {
    const { path, query = {} } = endpoint.request(range, null);
    const url = `${process.env.PROVIDER}${path}?${new URLSearchParams(query)}`;
    const { statusCode, body } = await request(url, { dispatcher: agent, headers: { authorization } });
    const { data, next_token } = readJson(await body.text()) as { data: Document[]; next_token: string | null };
    if (statusCode !== 200 || next_token) throw new Error(`expected one whole page, got ${statusCode}`);
    return data;
  };

  const answer = async (authorization: string, text: string): Promise<string> => {
    const { range } = (JSON.parse(text) as { variables: { range: DayRange } }).variables;
    const person = randomUUID();
    const vault = personVault(person, randomBytes(32));
    const rowOf = (endpoint: string, document: Document) => {
      const body = textOf(document);
      const row = `${person}/${endpoint}/${document.id}`;
      const context = { table: "raw_documents", column: "sealed_body", row, provider: oura.slug };
      const sealed = vault.seal(context, Buffer.from(body)).toString("base64");
      const { id, day, score = null } = document;
      return { endpoint, id, day, score, hash: hash("sha256", body), sealed };
    };
    const parts = await Promise.all(
      oura.endpoints.map(async (endpoint) => {
        const { before, after } = endpoint.margin ?? { before: 0, after: 0 };
        const documents = await page(endpoint, widen(range, before, after), authorization);
        const rows = isKept ? documents.map((document) => rowOf(endpoint.name, document)) : [];
        return { endpoint: endpoint.name, documents, rows };
      }),
    );
    const rows = parts.flatMap((part) => part.rows);
    if (isKept) await pool.query({ name: "least", text: LEAST_STATEMENT, values: [person, JSON.stringify(rows)] });
    const days = parts.map(({ endpoint, documents }) => {
      const inside = documents.filter(({ day }) => day >= range.start && day <= range.end);
      return [endpoint, inside.map(({ day, score }) => ({ day, score }))];
    });
    return JSON.stringify({ data: Object.fromEntries(days) });
  };

  serving(answer);
}

main();
