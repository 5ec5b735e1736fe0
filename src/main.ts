import { providers } from "../providers/registry";
import { startApp } from "./app";
import { loadConfig } from "./config";
import { SettingError } from "./domain/errors";
import { createLogger } from "./logging";

const DRAIN_DEADLINE_MS = 15_000;

async function main(): Promise<void> {
  const config = loadConfig(providers.map((provider) => provider.slug));
  const logger = createLogger({ level: config.logLevel });
  const starting = startApp(config, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), DRAIN_DEADLINE_MS).unref();
    // What has been started is only known once the start is over.
    starting
      .then((app) => app.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, "stopping failed");
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("unhandledRejection", (error) => logger.error({ err: error }, "unhandled rejection"));
  const app = await starting;
  if (!stopping) for (const line of app.announcement) process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  if (error instanceof SettingError) process.stderr.write(`${error.message}\n`);
  else createLogger({ level: "info" }).fatal({ err: error }, "the start failed");
  process.exit(1);
});
