import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Tells the benchmark where a server listens. */
export function listening(port: number, path = "/graphql"): void {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}${path}` })}\n`);
}

/** Serves what `answer` makes of a request's authorization and body, as JSON, on a free port; what it throws as 500. */
export function serving(answer: (authorization: string, body: string) => Promise<string>): void {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      answer(request.headers.authorization ?? "", body).then(
        (text) => response.setHeader("content-type", "application/json; charset=utf-8").end(text),
        (error: Error) => response.writeHead(500).end(error.message),
      );
    });
  });
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port));
}
