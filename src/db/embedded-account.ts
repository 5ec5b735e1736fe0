import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The system account PostgreSQL runs under when the gateway itself runs as root. */
export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Environment of every child process: ours holds secrets and PG* variables that must not reach PostgreSQL. */
export const childEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  TZ: "UTC",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** The account made when none of the usual ones exists. */
const createdAccount = "wearables-postgres";

/**
 * Names the account PostgreSQL must run under, or undefined where the gateway is not root: PostgreSQL refuses to run as
 * root, so that the first existing name of `names` is taken, else an account is created.
 *
 * @throws Error in one line that points to DATABASE_URL where no account exists and none can be created.
 * @see https://www.postgresql.org/docs/18/postgres-user.html
 */
export async function serverAccount(names: readonly string[]): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of [...names, createdAccount]) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  const created = await create(createdAccount);
  if (created === undefined) {
    throw new Error(
      `PostgreSQL does not run as root and no account ${[...names, createdAccount].join(", ")} exists or could be created: start the gateway as another user or set DATABASE_URL`,
    );
  }
  return created;
}

/** Process options that make a child run under `account` with nothing of our environment. */
export function childOptions(account: ServerAccount | undefined): {
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
} {
  // Programs on Windows do not start without SystemRoot and its kin.
  if (process.platform === "win32") return {};
  const env = { ...childEnvironment };
  return account === undefined ? { env } : { env, uid: account.uid, gid: account.gid };
}

/** Whether `account` can enter `directory`: asked of the system itself, so that modes, groups and ACLs all count. */
export async function canEnter(account: ServerAccount, directory: string): Promise<boolean> {
  return succeeds("/bin/sh", ["-c", 'cd -- "$1"', "sh", directory], account);
}

/** Whether a command run under `account` from the root directory ends with status 0. */
export async function succeeds(command: string, args: readonly string[], account: ServerAccount): Promise<boolean> {
  return run(command, [...args], { ...childOptions(account), cwd: "/" }).then(
    () => true,
    () => false,
  );
}

async function lookUp(name: string): Promise<ServerAccount | undefined> {
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => idOf(flag, name)));
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { name, uid, gid };
}

async function idOf(flag: string, name: string): Promise<number | undefined> {
  return run("id", [flag, name], { env: childEnvironment }).then(
    ({ stdout }) => Number.parseInt(stdout, 10),
    () => undefined,
  );
}

async function create(name: string): Promise<ServerAccount | undefined> {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["useradd", "--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", name],
    ["adduser", "-S", "-D", "-H", name],
  ];
  for (const [command, ...args] of commands) {
    const done = await run(command, args, { env: childEnvironment }).then(
      () => true,
      () => false,
    );
    if (done) return lookUp(name);
  }
  return undefined;
}
