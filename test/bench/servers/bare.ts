import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { listening } from "./listening";

/** The limit from memory: node:http that reads the request and sends finished bytes, chosen by the Authorization header. */
function main(): void {
  const bodies = JSON.parse(readFileSync(process.env.BODIES ?? "", "utf8")) as readonly (readonly [string, string])[];
  const byToken = new Map(bodies.map(([token, body]) => [`Bearer ${token}`, Buffer.from(body)]));
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const body = byToken.get(request.headers.authorization ?? "");
      response.writeHead(body ? 200 : 401, {
        "content-type": "application/json; charset=utf-8",
        "content-length": body?.length ?? 0,
      });
      response.end(body);
    });
  });
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port));
}

main();
