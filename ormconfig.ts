import "reflect-metadata";
import { loadConfig } from "./src/config";
import { dataSource } from "./src/db/database";
import { SettingError } from "./src/domain/errors";

const { url } = loadConfig([]).database;
if (url === null)
  throw new SettingError("DATABASE_URL", "is missing: TypeORM's command line works on a given database");

/** The DataSource of TypeORM's own command line: `npm run typeorm -- migration:show`. The gateway itself migrates at its start. */
export default dataSource(url, "worker", 1);
