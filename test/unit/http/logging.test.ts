import { Writable } from "node:stream";
import { GatewayError, UpstreamFailure } from "../../../src/domain/errors";
import { createLogger, serializeError } from "../../../src/logging";

const CANARY = "canary-token-4711";

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = "";
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  write(createLogger({ level: "debug", destination }));
  return text;
}

test("a foreign error is named and placed, its message and fields are not kept", () => {
  const error = Object.assign(new TypeError(`bad ${CANARY}`), {
    code: "23505",
    constraint: "accounts_one_active",
    detail: CANARY,
    parameters: [CANARY],
    query: `SELECT '${CANARY}'`,
  });
  const serialized = serializeError(error);
  expect(JSON.stringify(serialized)).not.toContain(CANARY);
  expect(serialized).toMatchObject({ name: "TypeError", code: "23505", constraint: "accounts_one_active" });
  expect(serialized.stack?.[0]).toMatch(/^at .*logging\.test\.ts/);
});

test("a message of several lines that look like frames is not kept", () => {
  const error = new Error(`x\n    at ${CANARY} (a.ts:1:1)\n    at ${CANARY} (b.ts:1:1)`);
  expect(JSON.stringify(serializeError(error))).not.toContain(CANARY);
});

test("a message that was changed after the error arose costs the frames, not the secret", () => {
  const error = new Error(`x\n    at ${CANARY} (a.ts:1:1)`);
  error.message = "harmless";
  expect(JSON.stringify(serializeError(error))).not.toContain(CANARY);
});

test("causes are followed, our own messages are kept, rings end", () => {
  const inner = new SyntaxError(`Unexpected token in ${CANARY}`);
  const outer = new UpstreamFailure("INVALID_RESPONSE", "expected a list", { cause: inner, body: Buffer.from(CANARY) });
  const text = JSON.stringify(serializeError(new GatewayError("SERVICE_DEGRADED", "try again", { cause: outer })));
  expect(text).toContain("try again");
  expect(text).toContain("expected a list");
  expect(text).toContain("SyntaxError");
  expect(text).not.toContain(CANARY);
  const ring = new Error("a");
  ring.cause = ring;
  expect(JSON.stringify(serializeError(ring)).length).toBeLessThan(50_000);
});

test.each<[string, (logger: ReturnType<typeof createLogger>, error: Error) => void]>([
  ["as the only argument", (logger, error) => logger.error(error)],
  ["as err", (logger, error) => logger.error({ err: error })],
  ["as err with its own message beside it", (logger, error) => logger.error({ err: error }, error.message)],
  ["as error", (logger, error) => logger.error({ error }, "failed")],
])("the logger keeps no foreign message of an error given %s", (_name, write) => {
  const text = logged((logger) => write(logger, new Error(CANARY)));
  expect(text).toContain('"name":"Error"');
  expect(text).not.toContain(CANARY);
});

test("what is thrown without being an error is only typed", () => {
  expect(serializeError(CANARY)).toEqual({ name: "thrown string" });
});
