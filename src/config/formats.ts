import { z } from "zod";

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Schemes that run or show what their address holds, and so are never a place to come back to. */
const UNSAFE_SCHEMES = new Set([
  "javascript:",
  "data:",
  "vbscript:",
  "blob:",
  "file:",
  "about:",
  "ftp:",
  "ws:",
  "wss:",
]);

const CRON_FIELDS = [
  ["minute", 0, 59],
  ["hour", 0, 23],
  ["day of the month", 1, 31],
  ["month", 1, 12],
  ["day of the week", 0, 6],
] as const;

function isCronField(field: string, least: number, most: number): boolean {
  const within = (digits: string) => /^\d{1,2}$/.test(digits) && Number(digits) >= least && Number(digits) <= most;
  return field.split(",").every((part) => {
    const [, step] = /^\*(?:\/(\d{1,2}))?$/.exec(part) ?? [null];
    if (part.startsWith("*")) return part === "*" || (step !== undefined && Number(step) > 0);
    const [first = "", last = first, ...rest] = part.split("-");
    return rest.length === 0 && within(first) && within(last) && Number(first) <= Number(last);
  });
}

/** Five fields of cron, each a star, `*` + `/n`, or numbers and ranges separated by commas; answered with single spaces. */
export const cronLine = z.string().transform((text, context): string => {
  const fields = text.trim().split(/\s+/);
  const wrong = CRON_FIELDS.find(([, least, most], index) => !isCronField(fields[index] ?? "", least, most));
  if (fields.length === CRON_FIELDS.length && !wrong) return fields.join(" ");
  const [name, least, most] = wrong ?? ["day of the week", 0, 6];
  const message =
    fields.length === CRON_FIELDS.length
      ? `expected for the ${name} a star, numbers from ${least} to ${most}, ranges or */n`
      : "expected five fields (minute, hour, day of the month, month, day of the week) such as 0 3 * * *";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** A whole number within bounds, written in digits. */
export function wholeNumber(least: number, most: number) {
  return z.string().transform((text, context): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    context.addIssue({ code: "custom", message: `expected a whole number from ${least} to ${most}` });
    return z.NEVER;
  });
}

function isSafeHttp(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK_NAMES.has(url.hostname));
}

/** The address, if it is https, or http on this machine, without credentials or fragment; null otherwise. */
export function parseHttpAddress(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && isSafeHttp(url) && url.username === "" && url.password === "" && url.hash === "" ? url : null;
}

/** What {@link parseHttpAddress} takes, in words. */
export const HTTP_ADDRESS =
  "an https address (http only on localhost, 127.0.0.1 or [::1]) without credentials or fragment";

/** An https address, or an http one on this machine. */
export const httpAddress = z.string().transform((text, context): URL => {
  const url = parseHttpAddress(text);
  if (url) return url;
  context.addIssue({ code: "custom", message: `expected ${HTTP_ADDRESS}` });
  return z.NEVER;
});

function listOf(isRight: (item: string) => boolean, expected: string) {
  return z.string().transform((text, context): readonly string[] => {
    const items = text.split(",").map((item) => item.trim());
    if (items.every(isRight)) return items;
    context.addIssue({ code: "custom", message: `expected ${expected}, separated by commas` });
    return z.NEVER;
  });
}

function isReturnAddress(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes("*") || text.includes("\\") || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.protocol === "http:" || url.protocol === "https:") return parseHttpAddress(text) !== null;
  return /^[a-z][a-z0-9+.-]*:$/.test(url.protocol) && !UNSAFE_SCHEMES.has(url.protocol) && url.hash === "";
}

/** Addresses that a person may be sent back to, compared exactly: https, http on this machine, or an app's own scheme. */
export const exactAddresses = listOf(
  isReturnAddress,
  "whole addresses without wildcards (https, http on this machine, or an app's own scheme)",
);

/** Origins as a browser writes them: scheme, host and port, nothing behind. */
export const originList = listOf(
  (text) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text,
  "origins such as https://app.example.com",
);

/** Hosts, or hosts with a port, as an address writes them. */
export const hostList = listOf(
  (text) =>
    !text.includes("*") &&
    URL.canParse(`http://${text}/`) &&
    [new URL(`http://${text}/`)].some((url) => [url.host, `${url.hostname}:80`].includes(text)),
  "hosts such as localhost or localhost:3000",
);
