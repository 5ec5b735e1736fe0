import { createHash } from "node:crypto";
import type { Answer } from "./answer";

const STYLE = `:root{color-scheme:light dark}
*{box-sizing:border-box}
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;padding:2rem 1.25rem}
h1{font-size:1.5rem;line-height:1.25}
h2{font-size:1.15rem;margin-top:2rem}
label{display:block;font-weight:600;margin-top:1rem}
input{font:inherit;width:100%;padding:.5rem .65rem;border:1px solid GrayText;border-radius:.4rem;background:Field;color:FieldText}
button{font:inherit;font-weight:600;padding:.55rem 1.4rem;margin:1.25rem .6rem 0 0;border:1px solid currentColor;border-radius:.4rem;background:transparent;color:inherit;cursor:pointer}
button[value="allow"]{background:light-dark(#1b5e3a,#9fe0bd);color:light-dark(#fff,#08120c);border-color:transparent}
:focus-visible{outline:3px solid Highlight;outline-offset:2px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.note{margin:.25rem 0;opacity:.8}`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Text made safe for HTML content and double-quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A whole page without scripts. `content`: HTML, already escaped; `formTargets`: where its forms, and redirects after them, may lead. */
export function page(status: number, title: string, content: string, formTargets = "'self'"): Answer {
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'; form-action ${formTargets}`,
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`,
  };
}
