import { SettingError } from "../domain/errors";

/** What a system's or PostgreSQL's error code says of the setting. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
type Problems = Readonly<Record<string, string>>;

/** What keeps a port from being listened on. */
export const PORT_PROBLEMS: Problems = {
  EADDRINUSE: "another program listens there already",
  EACCES: "this user may not listen there",
  EADDRNOTAVAIL: "HOST is no address of this machine",
};
/** What keeps a database from being reached. */
export const DATABASE_PROBLEMS: Problems = {
  ECONNREFUSED: "no database answers there",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "its host's name cannot be resolved at the moment",
  ETIMEDOUT: "no database answers there in time",
  "28P01": "the database refuses the password",
  "28000": "the database refuses the role",
  "3D000": "there is no database of that name",
};

/** Turns a failure of the start that a setting is to blame for into one that names it. */
export function blame(variable: string, problems: Problems): (error: unknown) => never {
  return (error) => {
    const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
    const problem = problems[code];
    throw problem === undefined ? error : new SettingError(variable, problem);
  };
}
