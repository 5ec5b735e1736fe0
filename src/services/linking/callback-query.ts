/** What the vendor's redirect says: each parameter at most once. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 */
export interface CallbackQuery {
  readonly state: string | null;
  readonly code: string | null;
  readonly error: string | null;
  readonly scope: string | null;
  /** RFC 9207. */
  readonly issuer: string | null;
  /** Our own one-time code, where the address is the one that the callback sent the person back to. */
  readonly linkCode: string | null;
}

/** Name of the parameter that carries the one-time link code. */
export const LINK_CODE = "link_code";

const LONGEST = 2_048;
const PRINTABLE = /^[\x20-\x7e]*$/;
const NAMES = ["state", "code", "error", "scope", "iss", LINK_CODE] as const;

/** Reads a redirect's parameters; null where one that matters is doubled, over-long or not printable ASCII. */
export function readCallbackQuery(query: URLSearchParams): CallbackQuery | null {
  const values = new Map<string, string>();
  for (const name of NAMES) {
    const all = query.getAll(name);
    const [value] = all;
    if (all.length > 1) return null;
    if (value === undefined || value === "") continue;
    if (value.length > LONGEST || !PRINTABLE.test(value)) return null;
    values.set(name, value);
  }
  return {
    state: values.get("state") ?? null,
    code: values.get("code") ?? null,
    error: values.get("error") ?? null,
    scope: values.get("scope") ?? null,
    issuer: values.get("iss") ?? null,
    linkCode: values.get(LINK_CODE) ?? null,
  };
}
