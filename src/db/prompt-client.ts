import { Client } from "pg";

type Connected = (error: Error | null, client?: Client) => void;

/**
 * A client that tells why it could not connect in words alone. graphile-worker reads the code of that error: where the server is starting or
 * cannot be reached, it tries again after ever longer rests of up to three minutes, in which no job is taken though the server is back.
 */
export class PromptClient extends Client {
  override connect(): Promise<Client>;
  override connect(callback: ((error: Error) => void) | ((error: null, client: Client) => void)): void;
  override connect(callback?: unknown): unknown {
    if (callback) return super.connect((error: Error | null) => (callback as Connected)(error && inWords(error), this));
    return super.connect().catch((error: Error) => Promise.reject(inWords(error)));
  }
}

function inWords(error: Error): Error {
  return new Error(error.message, { cause: error });
}
