import type { EntityManager } from "typeorm";
import { DatabaseUnreachable } from "../../src/domain/errors";
import { until } from "../support/job-worker";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";

let at: MigratedDatabase;
let person: string;
beforeAll(async () => {
  at = await migratedDatabase();
  person = await at.addPerson();
});
afterAll(() => at.close());

/** Ends the session of a transaction, as a restart of PostgreSQL does, and waits until that has come through. */
async function lose(tx: EntityManager): Promise<void> {
  const [{ pid }]: [{ pid: number }] = await tx.query("SELECT pg_backend_pid() AS pid");
  await at.database.application((other) => other.query("SELECT pg_terminate_backend($1)", [pid]), "worker");
  await until("the connection to be gone", async () => tx.queryRunner?.isReleased === true);
}

test.each([
  ["before its next statement", (tx: EntityManager) => tx.query("SELECT 1")],
  ["before its end", () => null],
])(
  "a transaction whose session is lost %s: the database is out of reach, and the next one goes on",
  async (_when, then) => {
    const work = async (tx: EntityManager) => {
      await lose(tx);
      await then(tx);
    };
    await expect(at.database.person(person, work)).rejects.toBeInstanceOf(DatabaseUnreachable);
    await expect(at.database.application(work)).rejects.toBeInstanceOf(DatabaseUnreachable);
    await expect(at.database.person(person, (tx) => tx.query("SELECT 1 AS one"))).resolves.toEqual([{ one: 1 }]);
  },
);
