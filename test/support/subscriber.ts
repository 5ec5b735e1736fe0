import { type Client, createClient } from "graphql-ws";
import WebSocket from "ws";

/** What one subscription gave so far. */
export interface Subscriber<T> {
  readonly events: T[];
  readonly errors: { message: string; extensions: { code: string } }[];
  /** Waits until so many events have come; throws after ten seconds. */
  until(count: number): Promise<T[]>;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** A client of a gateway's subscriptions. */
export interface SubscriptionClient {
  readonly client: Client;
  /** Close codes of its sockets. */
  readonly closed: number[];
  subscribe<T>(query: string, variables?: Record<string, unknown>, operationName?: string): Subscriber<T>;
  close(): Promise<void>;
}

/** Connects lazily; `token` goes into the first message. */
export function subscriptionClient(
  url: string,
  { token = null as string | null, headers = {} as Record<string, string>, retryAttempts = 0 } = {},
): SubscriptionClient {
  const closed: number[] = [];
  class Socket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { headers });
    }
  }
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: Socket,
    retryAttempts,
    shouldRetry: () => retryAttempts > 0,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    ...(token === null ? {} : { connectionParams: { Authorization: `Bearer ${token}` } }),
    on: { closed: (event) => closed.push((event as { code: number }).code) },
  });
  return {
    client,
    closed,
    subscribe: (query, variables = {}, operationName) => subscribed(client, query, variables, operationName ?? null),
    close: async () => void (await client.dispose()),
  };
}

function subscribed<T>(
  client: Client,
  query: string,
  variables: Record<string, unknown>,
  operationName: string | null,
): Subscriber<T> {
  const events: T[] = [];
  const errors: Subscriber<T>["errors"] = [];
  let heard: () => void = () => undefined;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stop = client.subscribe<Record<string, T>>(
    { query, variables, operationName },
    {
      next: ({ data, errors: wrong = [] }) => {
        for (const value of Object.values(data ?? {})) if (value !== null) events.push(value);
        errors.push(...(wrong as unknown as Subscriber<T>["errors"]));
        heard();
      },
      error: (error) => {
        if (Array.isArray(error)) errors.push(...(error as unknown as Subscriber<T>["errors"]));
        end();
        heard();
      },
      complete: () => {
        end();
        heard();
      },
    },
  );
  return {
    events,
    errors,
    ended,
    stop,
    async until(count) {
      const until = performance.now() + 10_000;
      while (events.length < count) {
        if (performance.now() > until) throw new Error(`expected ${count} events, got ${JSON.stringify(events)}`);
        await Promise.race([
          new Promise<void>((resolve) => {
            heard = resolve;
          }),
          new Promise((resolve) => setTimeout(resolve, 200)),
        ]);
      }
      return events;
    },
  };
}
