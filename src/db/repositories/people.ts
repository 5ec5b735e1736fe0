import type { EntityManager } from "typeorm";
import type { Person } from "../../domain/people";
import type { PeopleStore } from "../../services/ports/links";
import type { Database } from "../database";

/** People in PostgreSQL. */
export function createPeopleStore(database: Database): PeopleStore {
  const look = async (column: "id" | "external_id", value: string): Promise<Person | null> => {
    const [row] = await database.directory<Person>(
      `SELECT id, external_id AS "externalId" FROM people WHERE application_id = current_application() AND ${column} = $1`,
      [value],
    );
    return row ?? null;
  };
  const find = (externalId: string) => look("external_id", externalId);
  return {
    find,
    byId: (personId) => look("id", personId),
    async findOrAdd(externalId) {
      const known = await find(externalId);
      if (known) return known;
      await database.directory(
        `INSERT INTO people (application_id, external_id) VALUES (current_application(), $1)
         ON CONFLICT (application_id, external_id) DO NOTHING`,
        [externalId],
      );
      const added = await find(externalId);
      if (!added) throw new Error("expected the person that was just added");
      return added;
    },
  };
}

/** Raises the person's data version; must be the last statement of a transaction that changes what the person can read. */
export async function raiseDataVersion(tx: EntityManager, personId: string): Promise<number> {
  const [rows] = await tx.query(
    "UPDATE people SET data_version = data_version + 1 WHERE id = $1 RETURNING data_version",
    [personId],
  );
  return Number(rows[0].data_version);
}
