import { type CivilDay, parseCivilDay } from "./days";
import { METRICS, type Metric } from "./metrics";
import type { HrvMethod } from "./records";

/**
 * What an opaque node id names, by its natural key. `person` is the person's own id in the gateway, `startsAt` epoch seconds; `nth`
 * counts, from 1, further sessions of the day that start in the same second.
 */
export type NodeKey =
  | { readonly type: "User"; readonly person: string }
  | { readonly type: "ProviderAccount"; readonly person: string; readonly account: string }
  | {
      readonly type: "Daily";
      readonly person: string;
      readonly metric: Metric;
      readonly provider: string;
      readonly day: CivilDay;
      readonly method: HrvMethod | null;
    }
  | {
      readonly type: "SleepSession";
      readonly person: string;
      readonly provider: string;
      readonly day: CivilDay;
      readonly startsAt: number;
      readonly nth?: number;
    };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SLUG = /^[a-z][a-z0-9_]*$/;

/** Writes a node id. */
export function encodeNodeId(key: NodeKey): string {
  // Without lists, and without a buffer: a dashboard has a hundred ids. Letters, digits and what separates them never make a + or a /.
  const padded = btoa(textOf(key));
  const end = padded.indexOf("=");
  return end < 0 ? padded : padded.slice(0, end);
}

function textOf(key: NodeKey): string {
  switch (key.type) {
    case "User":
      return `u|${key.person}`;
    case "ProviderAccount":
      return `a|${key.person}|${key.account}`;
    case "Daily":
      return `d|${key.person}|${key.metric}|${key.provider}|${key.day}|${key.method ?? ""}`;
    case "SleepSession":
      return `s|${key.person}|${key.provider}|${key.day}|${key.startsAt}${key.nth ? `|${key.nth}` : ""}`;
  }
}

/** Reads a node id; null where it is none of ours, or is not written the one way that we write it. */
export function decodeNodeId(id: string): NodeKey | null {
  const key = readKey(Buffer.from(id, "base64url").toString("utf8"));
  return key && encodeNodeId(key) === id ? key : null;
}

function readKey(text: string): NodeKey | null {
  const [type, person, third = "", fourth = "", fifth = "", sixth = "", ...rest] = text.split("|");
  if (rest.length > 0 || person === undefined || !UUID.test(person)) return null;
  if (type === "u" && third === "") return { type: "User", person };
  if (type === "a" && UUID.test(third) && fourth === "") return { type: "ProviderAccount", person, account: third };
  const day = parseCivilDay(type === "s" ? fourth : fifth);
  if (type === "s" && SLUG.test(third) && day && /^\d{1,11}$/.test(fifth) && /^(?:[1-9]\d?)?$/.test(sixth)) {
    const nth = sixth === "" ? {} : { nth: Number(sixth) };
    return { type: "SleepSession", person, provider: third, day, startsAt: Number(fifth), ...nth };
  }
  const metric = METRICS.find((name) => name === third);
  if (type !== "d" || !metric || !SLUG.test(fourth) || !day) return null;
  const method = sixth === "RMSSD" || sixth === "SDNN" || sixth === "UNKNOWN" ? sixth : null;
  if ((metric === "HRV") !== (method !== null) || (sixth !== "" && method === null)) return null;
  return { type: "Daily", person, metric, provider: fourth, day, method };
}
