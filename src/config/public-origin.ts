import { BlockList, isIP } from "node:net";
import { httpAddress } from "./formats";

/** Ranges that nobody outside reaches. @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const INSIDE: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 127, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];
const inside = new BlockList();
for (const [net, prefix, family] of INSIDE) inside.addSubnet(net, prefix, family);

/** Names that mean something on one machine or one network only. */
const LOCAL_NAME = /^(?:[^.]+|.*\.(?:localhost|local|internal|lan|home\.arpa))\.?$/;

/** Whether a URL's host is an address or name that only this machine or its network reaches. */
export function isInside(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  // BlockList knows IPv4 addresses that are written as IPv6 ones.
  return family === 0 ? LOCAL_NAME.test(host) : inside.check(host, family === 4 ? "ipv4" : "ipv6");
}

/** The origin under which vendors reach this gateway, or one of this machine, which only a simulated vendor reaches. */
export const publicOrigin = httpAddress
  .refine(({ pathname, search }) => pathname === "/" && search === "", "expected an origin, without a path or query")
  .refine(
    (url) => isLoopbackUrl(url) || !isInside(url.hostname),
    "expected an address that vendors reach, not one of a private network",
  );

/** Whether an address is on this machine. */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
