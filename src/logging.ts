import pino, { type DestinationStream, type LevelWithSilent, type Logger } from "pino";
import {
  AccountFenced,
  GatewayError,
  ReconnectRequired,
  SettingError,
  UpstreamFailure,
  UserFacingError,
} from "./domain/errors";

/** What a log holds of an error: never more than its kind, its code, where it arose, and of ours the message. */
export interface SerializedError {
  readonly name: string;
  readonly code?: string;
  readonly constraint?: string;
  readonly message?: string;
  readonly stack?: readonly string[];
  readonly cause?: SerializedError;
}

const OURS = [GatewayError, UserFacingError, UpstreamFailure, ReconnectRequired, AccountFenced, SettingError];
const IDENTIFIER = /^[A-Za-z0-9_.:-]{1,64}$/;
const FRAME = /^\s+at .{1,400}$/;
const MAX_CAUSES = 5;

function identifierIn(error: object, key: string): string | undefined {
  const value = Reflect.get(error, key);
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && IDENTIFIER.test(text) ? text : undefined;
}

function framesOf({ stack = "", message }: Error): readonly string[] {
  // A message can span lines that look like frames, so the frames are sought behind it.
  const messageAt = message === "" ? -1 : stack.indexOf(message);
  if (message !== "" && messageAt < 0) return [];
  const behind = messageAt < 0 ? stack : stack.slice(messageAt + message.length);
  return behind
    .split("\n")
    .filter((line) => FRAME.test(line))
    .map((line) => line.trim());
}

/**
 * An error for the log by an allow-list: name, code, constraint, stack frames, and the same of its `cause`. Messages only of the
 * gateway's own errors, because those of drivers and parsers quote data.
 */
export function serializeError(error: unknown, causesLeft = MAX_CAUSES): SerializedError {
  if (!(error instanceof Error)) return { name: `thrown ${typeof error}` };
  const code = identifierIn(error, "code");
  const constraint = identifierIn(error, "constraint");
  const stack = framesOf(error);
  return {
    name: identifierIn(error, "name") ?? "Error",
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(OURS.some((kind) => error instanceof kind) ? { message: error.message } : {}),
    ...(stack.length === 0 ? {} : { stack }),
    ...(error.cause === undefined || causesLeft === 0 ? {} : { cause: serializeError(error.cause, causesLeft - 1) }),
  };
}

function withoutForeignMessages(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args;
  const error = first instanceof Error ? first : first instanceof Object ? Reflect.get(first, "err") : undefined;
  if (!(error instanceof Error)) return [...args];
  const fields = first instanceof Error ? { err: first } : first;
  // pino, and libraries that log through it, take the error's message where none is given.
  const message = rest[0] === undefined || rest[0] === error.message ? ["an error was logged"] : rest;
  return [fields, ...message];
}

/** A JSON logger whose errors, requests and responses are serialised by allow-lists. */
export function createLogger(options: { level: LevelWithSilent; destination?: DestinationStream }): Logger {
  const { level, destination } = options;
  const settings: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: {
      err: (error: unknown) => serializeError(error),
      error: (error: unknown) => serializeError(error),
      req: () => undefined,
      res: () => undefined,
    },
    hooks: {
      logMethod(args, method) {
        Reflect.apply(method, this, withoutForeignMessages(args));
      },
    },
  };
  return destination ? pino(settings, destination) : pino(settings);
}
