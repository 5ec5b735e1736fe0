import type { LookupAddress } from "node:dns";
import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** The longest address of a webhook endpoint, in characters. */
export const LONGEST_TARGET = 2_048;

/** Answers every address of a host name, in the order of preference. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** Which targets are allowed. `allowPrivate`: `host` or `host:port` that may be http and private; `resolve` is asked once for each use. */
export interface TargetRules {
  readonly allowPrivate: readonly string[];
  readonly resolve?: Resolve;
}

/** A target that is never asked; the message says why, without telling what a name resolves to. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

/** A service of the platform under an address of its own, which no registry lists as special. */
const PLATFORM_SERVICES = new Set(["168.63.129.16"]);
const LOWEST_OPEN_PORT = 1_024;
const DNS_TIMEOUT = { timeout: 2_000, tries: 2 } as const;

/** Host names without brackets and the dot of the root. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

function isExcepted(url: URL, { allowPrivate }: TargetRules): boolean {
  const host = hostOf(url);
  const bracketed = isIP(host) === 6 ? `[${host}]` : host;
  return [host, bracketed, `${bracketed}:${portOf(url)}`].some((name) => allowPrivate.includes(name));
}

/** The target that a text names; throws {@link TargetRefused} for what could never be one. Resolves nothing. */
export function parseTarget(text: string, rules: TargetRules): URL {
  if (text.length > LONGEST_TARGET) throw new TargetRefused(`expected at most ${LONGEST_TARGET} characters`);
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes("\\") || !URL.canParse(text)) {
    throw new TargetRefused("expected a whole address such as https://app.example.com/webhooks");
  }
  const url = new URL(text);
  const excepted = isExcepted(url, rules);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && excepted)) {
    throw new TargetRefused("expected an https address");
  }
  if (url.username !== "" || url.password !== "") throw new TargetRefused("expected an address without credentials");
  if (url.hash !== "" || text.includes("#")) throw new TargetRefused("expected an address without a fragment");
  if (!excepted && portOf(url) < LOWEST_OPEN_PORT && portOf(url) !== 443) {
    throw new TargetRefused(`expected port 443, or one from ${LOWEST_OPEN_PORT}`);
  }
  const host = hostOf(url);
  if (!excepted && isIP(host) !== 0 && !isPublicAddress(host)) throw notPublic();
  return url;
}

/**
 * The addresses to connect to, and no other: each was checked, and a name is not resolved again. Throws {@link TargetRefused}
 * where there is none, or one of them is not public.
 */
export async function checkedAddresses(url: URL, rules: TargetRules): Promise<readonly LookupAddress[]> {
  parseTarget(url.href, rules);
  const excepted = isExcepted(url, rules);
  const host = hostOf(url);
  const resolve = rules.resolve ?? (excepted ? bySystem : byDns);
  const addresses = isIP(host) === 0 ? await resolve(host).catch(unresolved) : [host];
  if (addresses.length === 0) throw new TargetRefused("the host name does not resolve");
  if (!excepted && !addresses.every(isPublicAddress)) throw notPublic();
  return addresses.map((address) => ({ address, family: isIP(address) }));
}

function notPublic(): TargetRefused {
  return new TargetRefused("the address is not public");
}

function unresolved(cause: unknown): never {
  throw new TargetRefused("the host name does not resolve", { cause });
}

/**
 * Whether an address is one of the public internet. IPv4 within IPv6 (mapped, NAT64) counts as what it wraps; the tunnels
 * 6to4 and Teredo, and whatever lies outside of 2000::/3, are not.
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || isIP(text) === 0) return false;
  const address = ipaddr.parse(text);
  if (address.kind() === "ipv4") return address.range() === "unicast" && !PLATFORM_SERVICES.has(address.toString());
  const parts = address.toByteArray();
  const isWrapped = address.match(ipaddr.parse("::ffff:0:0"), 96) || address.match(ipaddr.parse("64:ff9b::"), 96);
  if (isWrapped) return isPublicAddress(parts.slice(12).join("."));
  return address.range() === "unicast" && ((parts[0] ?? 0) & 0xe0) === 0x20;
}

/** Not by the system's resolver, whose few threads all outbound calls share: a name that never answers would hold them. */
async function byDns(hostname: string): Promise<readonly string[]> {
  const resolver = new dns.Resolver(DNS_TIMEOUT);
  const asked = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const found = asked.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const [failed] = asked.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (found.length === 0) throw failed;
  return found;
}

async function bySystem(hostname: string): Promise<readonly string[]> {
  return (await dns.lookup(hostname, { all: true, order: "ipv4first" })).map(({ address }) => address);
}
