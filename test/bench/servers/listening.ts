/** Tells the benchmark where a server listens. */
export function listening(port: number, path = "/graphql"): void {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}${path}` })}\n`);
}
