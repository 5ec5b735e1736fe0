import { type DayRange, parseCivilDay, widen } from "../../src/domain/days";
import type { SyntheticAnswer, SyntheticPerson, SyntheticRequest } from "../contract";
import { bits, uniform } from "./synthetic-random";

const ROOT = "/v2/usercollection/";
const NOT_FOUND = { status: 404, body: { detail: "Document not found." } };

/** Reads a bound: a date, an instant, or (as the vendor's framework does) seconds since 1970. Null where it is none. */
function boundOf(text: string): string | null {
  if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000).toISOString().slice(0, 19);
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const day = match?.[1] ?? "";
  const real = !Number.isNaN(Date.parse(day)) && new Date(Date.parse(day)).toISOString().startsWith(day);
  // Oura deviates from its own description: a date alone means that day's midnight, also as the end.
  return match && real ? `${day}T${match[2] ?? "00:00:00"}` : null;
}

function invalid(parameter: string): SyntheticAnswer {
  const detail = [
    { type: "date_from_datetime_parsing", loc: ["query", parameter], msg: "Input should be a valid date or datetime" },
  ];
  return { status: 422, body: { detail } };
}

/** The text by which an endpoint's documents are filtered: local time, its zone disregarded. */
function filteredBy(endpoint: string, document: unknown): string {
  const fields = document as Readonly<Record<string, unknown>>;
  return String(endpoint === "sleep" ? fields["bedtime_start"] : fields["timestamp"]).slice(0, 19);
}

/** The days whose documents can lie between two bounds, as far as the person has any; null where none can. */
function daysBetween(from: string, to: string, person: SyntheticPerson): DayRange | null {
  const days: DayRange = { start: person.firstDay, end: person.lastDay };
  const [first, last] = [parseCivilDay(from.slice(0, 10)), parseCivilDay(to.slice(0, 10))];
  if (last === null) return to.slice(0, 10) > days.end ? days : null;
  const wide = widen({ start: first ?? days.start, end: last }, first ? 1 : 0, 2);
  const [, start] = [wide.start, days.start].sort();
  const [end] = [wide.end, days.end].sort();
  return start && end && start <= end ? { start, end } : null;
}

/** A token tells only how many documents were given: asked for without its range, a following page is of the default range. */
function tokenOf(position: number): string {
  return Buffer.from(JSON.stringify({ offset: position })).toString("base64url");
}

function positionOf(token: string): number | null {
  const match = /^\{"offset":(\d{1,9})\}$/.exec(Buffer.from(token, "base64url").toString());
  return match ? Number(match[1]) : null;
}

function list(endpoint: string, request: SyntheticRequest): SyntheticAnswer {
  const { query, person, pageSize } = request;
  const to = boundOf(query["end_date"] || person.lastDay);
  if (to === null) return invalid("end_date");
  const dayBefore = widen({ start: person.lastDay, end: person.lastDay }, 1, 0).start;
  const from = boundOf(query["start_date"] || (query["end_date"] ? to.slice(0, 10) : dayBefore));
  if (from === null) return invalid("start_date");
  if (from > to) return { status: 400, body: { detail: "Start date is greater than end date." } };
  const position = query["next_token"] ? positionOf(query["next_token"]) : 0;
  if (position === null) return { status: 400, body: { detail: "Invalid next_token." } };
  const days = daysBetween(from, to, person);
  const found = (days ? request.documents(endpoint, days) : []).filter((document) => {
    const at = filteredBy(endpoint, document);
    return from <= at && at <= to;
  });
  const end = pageSize === null ? found.length : position + pageSize;
  const data = found.slice(position, end);
  return { status: 200, body: { data, next_token: end < found.length ? tokenOf(end) : null } };
}

function personalInfo(person: SyntheticPerson, has: (scope: string) => boolean): SyntheticAnswer {
  const of = (label: string) => uniform(person.seed, 0, label);
  const details = has("personal")
    ? {
        age: 21 + Math.floor(of("age") * 45),
        weight: Math.round((52 + of("weight") * 45) * 10) / 10,
        height: Math.round((1.55 + of("height") * 0.4) * 100) / 100,
        biological_sex: bits(person.seed, 0, "sex") % 2 === 0 ? "female" : "male",
      }
    : { age: null, weight: null, height: null, biological_sex: null };
  const email = has("email") ? `wearer-${person.seed}@example.org` : null;
  return { status: 200, body: { id: person.vendorUserId, ...details, email } };
}

/** Answers a data request as Oura's cloud does; null where Oura has no such path. `endpoints`: the lists that there are. */
export function answer(request: SyntheticRequest, endpoints: readonly string[]): SyntheticAnswer | null {
  const [name = "", id, ...more] = request.path.startsWith(ROOT) ? request.path.slice(ROOT.length).split("/") : [];
  const single = name === "personal_info";
  if ((!single && !endpoints.includes(name)) || (single && id !== undefined) || more.length > 0) return null;
  if (request.method !== "GET")
    return { status: 405, headers: { allow: "GET" }, body: { detail: "Method Not Allowed" } };
  const has = (scope: string) => request.grantedScopes.some((granted) => granted.replace(/^extapi:/, "") === scope);
  if (single) return personalInfo(request.person, has);
  if (!has("daily")) return { status: 401, body: { detail: "Token is missing the required scope: daily" } };
  if (id === undefined) return list(name, request);
  const all = request.documents(name, { start: request.person.firstDay, end: request.person.lastDay });
  const found = all.find((document) => (document as { id?: unknown }).id === id);
  return found === undefined ? NOT_FOUND : { status: 200, body: found };
}
