import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif}
main{max-width:32rem;padding:2rem}
h1{font-size:1.4rem;margin:0 0 .5rem}
p{margin:0 0 1rem}
small{opacity:.7}`;

/** `'sha256-…'` of an inline style or script, for a Content-Security-Policy. @see https://www.w3.org/TR/CSP3/#source-list-syntax */
export function cspHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Text made safe for HTML, attributes included. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Answers a small page that needs nothing else; both texts are escaped. */
export function sendPage(reply: FastifyReply, status: number, title: string, message: string): FastifyReply {
  const policy = `default-src 'none'; style-src ${cspHash(STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
<small>You can close this window.</small>
</main></body>
</html>
`;
  return reply
    .code(status)
    .header("content-security-policy", policy)
    .header("x-frame-options", "DENY")
    .type("text/html; charset=utf-8")
    .send(html);
}
