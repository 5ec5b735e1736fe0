import { type CivilDay, type DayRange, parseCivilDay } from "../../src/domain/days";
import type { SyntheticAnswer, SyntheticRequest } from "../contract";
import { ACTIVITY_FIELDS, SLEEP_FIELDS } from "./wire-fields";

/** Rows of one answer; the recorded answers name an `offset` of 200 on a last page. */
const ROWS = 200;

type Row = Readonly<Record<string, unknown>>;

interface Service {
  readonly endpoint: string;
  readonly list: "series" | "activities";
  /** The document as it is sent where only these fields are asked for. */
  shown(row: Row, fields: readonly string[]): Row;
}

const only = (row: Row, keep: (name: string) => boolean): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => keep(name)));

const SERVICES: Readonly<Record<string, Service>> = {
  "/v2/sleep getsummary": {
    endpoint: "sleep_summary",
    list: "series",
    shown: (row, fields) => ({ ...row, data: only({ ...(row["data"] as Row) }, (name) => fields.includes(name)) }),
  },
  "/v2/measure getactivity": {
    endpoint: "activity",
    list: "activities",
    shown: (row, fields) => only(row, (name) => fields.includes(name) || !FIELD_NAMES.has(name)),
  },
};

const FIELD_NAMES: ReadonlySet<string> = new Set([...SLEEP_FIELDS, ...ACTIVITY_FIELDS]);
const PATHS: ReadonlySet<string> = new Set(Object.keys(SERVICES).map((service) => service.split(" ", 1)[0] ?? ""));

/** A failure in the vendor's form: status 200 of HTTP, its own status in the body. */
export function failed(status: number, error: string): SyntheticAnswer {
  return { status: 200, body: { status, body: {}, error } };
}

function within(person: SyntheticRequest["person"], start: CivilDay, end: CivilDay): DayRange | null {
  const from = start > person.firstDay ? start : person.firstDay;
  const to = end < person.lastDay ? end : person.lastDay;
  return from <= to ? { start: from, end: to } : null;
}

function list(service: Service, request: SyntheticRequest, asked: Readonly<Record<string, string>>): SyntheticAnswer {
  const start = parseCivilDay(asked["startdateymd"] ?? "");
  const end = parseCivilDay(asked["enddateymd"] ?? "");
  if (start === null || end === null || start > end) return failed(503, "Invalid Params: invalid startdateymd");
  const offset = asked["offset"] ?? "0";
  if (!/^\d{1,9}$/.test(offset)) return failed(503, "Invalid Params: invalid offset");
  const range = within(request.person, start, end);
  const rows = (range === null ? [] : request.documents(service.endpoint, range)) as readonly Row[];
  const next = Number(offset) + (request.pageSize ?? ROWS);
  const fields = (asked["data_fields"] ?? "").split(",");
  const shown = rows.slice(Number(offset), next).map((row) => service.shown(row, fields));
  return { status: 200, body: { status: 0, body: { [service.list]: shown, more: next < rows.length, offset: next } } };
}

/** Answers a data request as Withings' cloud does; null where Withings has no such path. */
export function answer(request: SyntheticRequest): SyntheticAnswer | null {
  if (!PATHS.has(request.path)) return null;
  const asked = { ...request.query, ...request.form };
  const service = SERVICES[`${request.path} ${asked["action"] ?? ""}`];
  if (!service) return failed(2554, "Wrong action or wrong webservice");
  if (!request.grantedScopes.includes("user.activity"))
    return failed(403, "Insufficient_scope: The request requires higher privileges than provided by the access token");
  return list(service, request, asked);
}
