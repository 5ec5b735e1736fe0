import "reflect-metadata";
import { dataSource } from "./src/db/database";

/** The DataSource of TypeORM's own command line: `npm run typeorm -- migration:show`. The gateway itself migrates at its start. */
export default dataSource(process.env["DATABASE_URL"] ?? "postgres://localhost/gateway", "worker", 1);
