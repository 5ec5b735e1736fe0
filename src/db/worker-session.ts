import { Client, type QueryResult } from "pg";
import type { WorkerSession } from "../services/ports/worker-processes";

/** First half of the key of every worker process's advisory lock; any number, the same in every version of the gateway. */
const PROCESS_LOCK = 1_207_959_571;

const LOCKS = `
FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = ${PROCESS_LOCK} AND l.objsubid = 2 AND l.granted`;

/** SQL: ids of the processes that hold their lock. */
export const PROCESS_LOCKS = `SELECT l.objid::int ${LOCKS}`;

/** Milliseconds between two looks at whether the session still stands, and for which an answer is awaited. */
const HEARTBEAT_MS = 3_000;
const SILENCE_MS = 3_000;

/** A machine that vanishes closes no connection: the server notices after 10 s + 3 × 5 s. */
const KEEPALIVES = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

const TAKE = `SELECT pg_try_advisory_lock(${PROCESS_LOCK}, $1::int) AS taken`;
const END_HOLDER = `SELECT pg_terminate_backend(l.pid) ${LOCKS} AND l.objid = $1::int AND l.pid <> pg_backend_pid()`;
const BEGIN = "INSERT INTO worker_processes (worker_ids) VALUES ($1) RETURNING id";
const RETURN = "UPDATE worker_processes SET missing_since = NULL, worker_ids = $2 WHERE id = $1 RETURNING id";
const BEGIN_AGAIN = "INSERT INTO worker_processes (id, worker_ids) VALUES ($1, $2)";
const NAME = "UPDATE worker_processes SET worker_ids = $2 WHERE id = $1 RETURNING id";
const LEAVE = "DELETE FROM worker_processes WHERE id = $1";

/** The lock of a process is held by a session of its own that has ended meanwhile, but not for the server yet. */
class LockHeld extends Error {
  override readonly name = "LockHeld";
}

/** Enters a process among those that work off jobs, on a connection of its own: its lock is free as soon as the process is dead. */
export async function enterProcess(
  url: string,
  processId: number | null,
  workerIds: readonly string[],
): Promise<WorkerSession> {
  const client = new Client({
    connectionString: url,
    application_name: "gateway worker process",
    connectionTimeoutMillis: SILENCE_MS,
    query_timeout: SILENCE_MS,
    keepAlive: true,
    options: KEEPALIVES,
  });
  const over = new Promise<void>((resolve) => {
    client.on("error", () => resolve());
    client.on("end", resolve);
  });
  try {
    await client.connect();
    const entered = await enter(client, processId, workerIds);
    return standing(client, over, entered);
  } catch (error) {
    await end(client);
    throw error;
  }
}

interface Entered {
  readonly processId: number;
  readonly givenUp: boolean;
}

async function enter(client: Client, known: number | null, workerIds: readonly string[]): Promise<Entered> {
  const begun = known === null ? await client.query<{ id: number }>(BEGIN, [workerIds]) : null;
  const processId = begun?.rows[0]?.id ?? known;
  if (processId === null) throw new Error("expected the number of the process");
  const { rows } = await client.query<{ taken: boolean }>(TAKE, [processId]);
  if (!rows[0]?.taken) {
    await client.query(END_HOLDER, [processId]);
    throw new LockHeld("the lock is held by an earlier session, which has been ended");
  }
  if (begun !== null) return { processId, givenUp: false };
  const stillThere = (await client.query(RETURN, [processId, workerIds])).rowCount === 1;
  if (!stillThere) await client.query(BEGIN_AGAIN, [processId, workerIds]);
  return { processId, givenUp: !stillThere };
}

function standing(client: Client, over: Promise<void>, { processId, givenUp }: Entered): WorkerSession {
  let confirmedAt = Date.now();
  let before: Promise<unknown> = Promise.resolve();
  /** One statement after the other: a session that has failed at one is over. */
  const ask = (sql: string, parameters: readonly unknown[] = []): Promise<QueryResult> => {
    const answer = before.then(async () => {
      const asked = Date.now();
      const result = await client.query(sql, [...parameters]);
      confirmedAt = asked;
      return result;
    });
    before = answer.catch(() => end(client));
    return answer;
  };
  // A failure ends the session, and that is heard of.
  const beat = setInterval(() => void ask("SELECT 1").catch(() => undefined), HEARTBEAT_MS);
  const ended = over.finally(() => clearInterval(beat));
  return {
    processId,
    givenUp,
    over: ended,
    confirmedAt: () => confirmedAt,
    async confirm() {
      await ask("SELECT 1");
    },
    async name(workerIds) {
      const { rowCount } = await ask(NAME, [processId, workerIds]);
      if (rowCount === 1) return;
      await end(client);
      throw new Error("expected the row of a process whose lock is held");
    },
    async close(leaving) {
      clearInterval(beat);
      if (leaving) await ask(LEAVE, [processId]).catch(() => undefined);
      await end(client);
    },
  };
}

/** Ends a session that may be broken or silent; what it still had to say is of no matter. */
async function end(client: Client): Promise<void> {
  const silent = new Promise((resolve) => setTimeout(resolve, 500).unref());
  await Promise.race([client.end().catch(() => undefined), silent]);
}
