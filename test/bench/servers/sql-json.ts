import { readFileSync } from "node:fs";
import { Pool } from "pg";
import type { Someone } from "../people";
import { BODY_STATEMENT } from "../statements";
import { serving } from "./listening";

/** The limit of reading from PostgreSQL: node:http that sends what one statement made. */
function main(): void {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? "", max: 10 });
  const people = JSON.parse(readFileSync(process.env.PEOPLE ?? "", "utf8")) as readonly Someone[];
  const byToken = new Map(people.map(({ person, token }) => [`Bearer ${token}`, person]));
  const answer = async (authorization: string, body: string): Promise<string> => {
    const { range } = (JSON.parse(body) as { variables: { range: { start: string; end: string } } }).variables;
    const values = [byToken.get(authorization), range.start, range.end];
    const { rows } = await pool.query<{ body: string }>({ name: "body", text: BODY_STATEMENT, values });
    return rows[0]?.body ?? "";
  };
  serving(answer);
}

main();
