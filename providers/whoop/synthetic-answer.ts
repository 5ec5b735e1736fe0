import { addDays, type DayRange } from "../../src/domain/days";
import { dayAt, epochSeconds, parseInstant } from "../../src/domain/instants";
import type { SyntheticAnswer, SyntheticPerson, SyntheticRequest } from "../contract";
import { syntheticDay, userId } from "./synthetic-day";

const ROOT = "/developer/v2/";
const PAGE = { most: 25, usual: 10 };

type Fields = Readonly<Record<string, unknown>>;
interface Span {
  readonly from: number;
  readonly to: number;
}

const refused = (status: number, message: string): SyntheticAnswer => ({ status, body: { message } });

/** Each resource: the endpoint's name and the scope that it needs. */
const RESOURCES: Readonly<Record<string, { readonly endpoint: string; readonly scope: string }>> = {
  "activity/sleep": { endpoint: "sleep", scope: "read:sleep" },
  recovery: { endpoint: "recovery", scope: "read:recovery" },
  cycle: { endpoint: "cycle", scope: "read:cycles" },
};

/** The documents of some days, ascending. The cycle of the last day with data has not ended. */
function documentsOf(request: SyntheticRequest, endpoint: string, days: DayRange): Fields[] {
  const running = endpoint === "cycle" ? syntheticDay(request.person, request.person.lastDay).cycleId : null;
  return (request.documents(endpoint, days) as readonly Fields[]).map((document) => {
    if (document["id"] !== running) return document;
    const { end: _end, ...rest } = document;
    return rest;
  });
}

function spanOf(document: Fields): Span {
  const at = (name: string) => (name in document ? Date.parse(String(document[name])) : Number.POSITIVE_INFINITY);
  return { from: at("start"), to: at("end") };
}

/** Epoch milliseconds of a bound; null where it is none. */
function boundOf(text: string): number | null {
  const instant = parseInstant(text);
  return instant === null ? null : epochSeconds(instant) * 1000;
}

/** A page token tells only the position: asked for without its range, a following page is of the default range. */
function positionOf(token: string): number | null {
  const match = /^(\d{1,6}):next$/.exec(Buffer.from(token, "base64").toString());
  return match ? Number(match[1]) : null;
}

/** The days whose documents can touch the span, as far as the person has any; null where none can. */
function daysAround({ from, to }: Span, person: SyntheticPerson): DayRange | null {
  const latest = Math.min(to, 253_370_764_800_000);
  const [first, last] = [dayAt(Math.max(from, 0) / 1000, 0), dayAt(Math.max(latest, 0) / 1000, 0)];
  const start = from <= 0 || addDays(first, -3) < person.firstDay ? person.firstDay : addDays(first, -3);
  const end = addDays(last, 3) > person.lastDay ? person.lastDay : addDays(last, 3);
  return start <= end ? { start, end } : null;
}

function list(endpoint: string, request: SyntheticRequest): SyntheticAnswer {
  const { query, person } = request;
  const limit = query["limit"] === undefined ? PAGE.usual : Number(query["limit"]);
  const from = query["start"] ? boundOf(query["start"]) : 0;
  const to = query["end"] ? boundOf(query["end"]) : Number.POSITIVE_INFINITY;
  const position = query["nextToken"] ? positionOf(query["nextToken"]) : 0;
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE.most) return refused(400, "limit must be from 1 to 25");
  if (from === null || to === null) return refused(400, "start and end must be date-times");
  if (from > to) return refused(400, "start must be before end");
  if (position === null) return refused(400, "nextToken is invalid");
  const days = daysAround({ from, to }, person);
  const spans = new Map<unknown, Span>();
  // A recovery is found by the times of its sleep.
  if (days && endpoint === "recovery")
    for (const sleep of documentsOf(request, "sleep", days)) spans.set(sleep["id"], spanOf(sleep));
  const timeOf = (document: Fields): Span =>
    endpoint === "recovery"
      ? (spans.get(document["sleep_id"]) ?? spanOf({ start: document["created_at"], end: document["created_at"] }))
      : spanOf(document);
  const found = (days ? documentsOf(request, endpoint, days) : [])
    .map((document) => ({ document, span: timeOf(document) }))
    .filter(({ span }) => span.to >= from && span.from < to)
    .sort((one, other) => other.span.from - one.span.from)
    .map(({ document }) => document);
  const end = position + Math.min(limit, request.pageSize ?? limit);
  const next = end < found.length ? { next_token: Buffer.from(`${end}:next`).toString("base64") } : {};
  return { status: 200, body: { records: found.slice(position, end), ...next } };
}

/** One document by the resource's id, or the sleep or recovery of a cycle. */
function single(request: SyntheticRequest, endpoint: string, matches: (document: Fields) => boolean): SyntheticAnswer {
  const { firstDay, lastDay } = request.person;
  const found = documentsOf(request, endpoint, { start: firstDay, end: lastDay }).find(matches);
  return found ? { status: 200, body: found } : refused(404, "No resource found");
}

/** Answers a data request as WHOOP's cloud does; null where WHOOP has no such path. */
export function answer(request: SyntheticRequest): SyntheticAnswer | null {
  const rest = request.path.startsWith(ROOT) ? request.path.slice(ROOT.length) : "";
  const profile = rest === "user/profile/basic";
  const [, resource = "", id, part] =
    /^(activity\/sleep|recovery|cycle)(?:\/([\w-]+))?(?:\/(sleep|recovery))?$/.exec(rest) ?? [];
  const known = RESOURCES[part === "sleep" ? "activity/sleep" : (part ?? resource)];
  const impossible = (resource === "recovery" && id) || (part && resource !== "cycle");
  if (!profile && (!known || impossible)) return null;
  if (request.method !== "GET") return refused(405, "Method Not Allowed");
  const has = (scope: string) => request.grantedScopes.includes(scope);
  if (!has(profile ? "read:profile" : (known?.scope ?? "")))
    return refused(401, "Invalid authorization: missing scope");
  if (profile) {
    const user_id = userId(request.person.seed);
    return {
      status: 200,
      body: { user_id, email: `${user_id}@example.org`, first_name: "Wearer", last_name: `${user_id}` },
    };
  }
  const endpoint = known?.endpoint ?? "";
  if (id === undefined) return list(endpoint, request);
  if (part === undefined) return single(request, endpoint, (document) => String(document["id"]) === id);
  return single(request, endpoint, (document) => String(document["cycle_id"]) === id && document["nap"] !== true);
}
