import { type AddressInfo, createServer } from "node:net";
import { Pool } from "pg";
import { PromptClient } from "../../../src/db/prompt-client";

/** What a server that is starting answers. @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([type, value]) => `${type}${value}\0`)
      .join("")}\0`,
  );
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

test("why it could not connect is told in words, and the code kept below", async () => {
  const starting = errorResponse({ S: "FATAL", V: "FATAL", C: "57P03", M: "the database system is starting up" });
  const server = createServer((socket) => socket.once("data", () => socket.end(starting)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const connectionString = `postgres://nobody@127.0.0.1:${(server.address() as AddressInfo).port}/none`;
  const pool = new Pool({ Client: PromptClient, connectionString });
  try {
    for (const connect of [() => pool.connect(), () => new PromptClient({ connectionString }).connect()]) {
      const error: unknown = await connect().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ message: "the database system is starting up", cause: { code: "57P03" } });
      expect(error).not.toHaveProperty("code");
    }
  } finally {
    await pool.end();
    server.close();
  }
});
