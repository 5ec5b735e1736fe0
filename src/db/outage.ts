import { types } from "node:util";
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from "typeorm";
import { DatabaseUnreachable } from "../domain/errors";

/**
 * Classes and conditions by which PostgreSQL says that it cannot serve now: connection exceptions (08), insufficient resources (53),
 * shutting down or starting (57P01–57P03), a statement cancelled by its timeout (57014).
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATE = /^(?:08|53|57P0[1-3]|57014)/;
const SOCKET = /^(?:ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|ENOENT)/;
/** What pg says without a code: of a pool that gave no connection in time, and of a connection that went away. */
const UNCODED =
  /^(?:timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/;

/** Of these, what ends a session at once; a server that has fallen silent does not. */
const ENDED = /^(?:57P0[1-3]|ECONNRESET|EPIPE)$/;
const ENDED_UNCODED = /^Connection terminated/;

/** Whether a statement failed because its session was ended, by the server or on the way. */
export function isSessionEnd(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? ENDED.test(code) : ENDED_UNCODED.test(error.message);
}

/** Throws a {@link DatabaseUnreachable} where the error tells that PostgreSQL is out of reach, else the error itself. */
export function rethrowOutage(error: unknown): never {
  throw isOutage(error) ? new DatabaseUnreachable({ cause: error }) : error;
}

/** What TypeORM says of a transaction whose connection went away between two of its statements. */
const GONE = [QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError];

function isOutage(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  if (GONE.some((gone) => error instanceof gone)) return true;
  const code: unknown = Reflect.get(error, "code");
  // A statement that failed without a code of PostgreSQL's was never answered.
  if (error instanceof QueryFailedError) return typeof code !== "string" || SQLSTATE.test(code) || SOCKET.test(code);
  return typeof code === "string" ? SQLSTATE.test(code) || SOCKET.test(code) : UNCODED.test(error.message);
}
