import { startEmbeddedPostgres } from "../../src/db/embedded";

/** A process of its own that starts the embedded PostgreSQL, says so in one JSON line, and then waits or ends. */
async function main([dataDirectory, end]: readonly string[]): Promise<void> {
  // A gateway that drains goes on after Ctrl-C.
  process.on("SIGINT", () => console.error("draining"));
  const lines: string[] = [];
  const postgres = await startEmbeddedPostgres({ dataDirectory: dataDirectory!, log: (line) => lines.push(line) });
  console.log(JSON.stringify({ url: postgres.url, lines }));
  if (end === "exit") process.exit(0);
  process.once("SIGTERM", () => void postgres.stop());
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
