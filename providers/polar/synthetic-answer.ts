import { addDays, type CivilDay, type DayRange, dayNumber, parseCivilDay, rangeLength } from "../../src/domain/days";
import type { SyntheticAnswer, SyntheticPerson, SyntheticRequest } from "../contract";
import { ACTIVITY_DAYS, NIGHTS_REACH } from "./endpoints";
import { uniform } from "./synthetic-random";

const ROOT = "/v3/users";
const OLDEST_ACTIVITY = 365;
/** Collections by the last part of their path, and the member that holds a list of them; activities are a bare list. */
const COLLECTIONS: Readonly<Record<string, { endpoint: string; member: string | null }>> = {
  sleep: { endpoint: "sleep", member: "nights" },
  "nightly-recharge": { endpoint: "nightly_recharge", member: "recharges" },
  activities: { endpoint: "activity", member: null },
};

/** An error in Polar's form (schema `error`); without the time, for the stand-in has no clock. */
export function refusal(status: number, errorType: string, message: string): SyntheticAnswer {
  return { status, body: { status, errorType, message, corrId: "00000000-0000-4000-8000-000000000000" } };
}

/** Headers that tell what was used so far of 15 minutes and of a day; they count up to the limit, not down from it. */
function usage(person: SyntheticPerson): Readonly<Record<string, string>> {
  const used = 20 + Math.floor(uniform(person.seed, 0, "usage") * 400);
  return { "RateLimit-Usage": `${used}, ${used * 3}`, "RateLimit-Limit": "520, 5100", "RateLimit-Reset": "431, 60431" };
}

/** The days of activity asked for; a refusal where they are none, too old or too many. The stand-in's today is the day after the last with data. */
function activityDays({ query, person }: SyntheticRequest): DayRange | SyntheticAnswer {
  const today = addDays(person.lastDay, 1);
  const end = query["to"] === undefined ? today : parseCivilDay(query["to"]);
  const start = query["from"] === undefined ? addDays(today, 1 - ACTIVITY_DAYS) : parseCivilDay(query["from"]);
  if (start === null || end === null) return refusal(400, "invalid_date", "Invalid date.");
  if (dayNumber(today) - dayNumber(start) > OLDEST_ACTIVITY)
    return refusal(400, "date_too_old", "Cannot be older than 365 days.");
  if (start > end || rangeLength({ start, end }) > ACTIVITY_DAYS)
    return refusal(400, "invalid_range", "The maximum range between from and to is 28 days.");
  return { start, end };
}

function list(request: SyntheticRequest, endpoint: string, member: string | null): SyntheticAnswer {
  const { lastDay } = request.person;
  const nights = { start: addDays(lastDay, 1 - NIGHTS_REACH), end: lastDay };
  const days = member === null ? activityDays(request) : nights;
  if ("status" in days) return days;
  const found = request.documents(endpoint, days);
  return { status: 200, headers: usage(request.person), body: member === null ? found : { [member]: found } };
}

function single(request: SyntheticRequest, endpoint: string, day: CivilDay | null): SyntheticAnswer {
  if (day === null) return refusal(400, "invalid_date", "Invalid date.");
  const [document] = request.documents(endpoint, { start: day, end: day });
  if (document !== undefined) return { status: 200, headers: usage(request.person), body: document };
  return endpoint === "activity"
    ? { status: 204, headers: usage(request.person), body: undefined }
    : refusal(404, "not_found", "No data found for date.");
}

/** Registers the user, once: the engine of the stand-in remembers it. */
function register({ person, registered, form }: SyntheticRequest): SyntheticAnswer {
  if (registered === true) return { status: 409, body: undefined };
  if (!form["member-id"]) return refusal(400, "bad_request", "member-id is missing.");
  return {
    status: 200,
    body: {
      "polar-user-id": Number(person.vendorUserId),
      "member-id": form["member-id"],
      "registration-date": `${person.firstDay}T12:00:00.000Z`,
      "first-name": "Wearer",
      "last-name": person.vendorUserId,
      gender: person.seed % 2 === 0 ? "FEMALE" : "MALE",
      weight: 52 + Math.floor(uniform(person.seed, 0, "weight") * 45),
      height: 155 + Math.floor(uniform(person.seed, 0, "height") * 40),
    },
  };
}

/** Answers a data request as AccessLink does; null where it has no such path. */
export function answer(request: SyntheticRequest): SyntheticAnswer | null {
  const [name = "", day, ...more] = request.path.startsWith(`${ROOT}/`)
    ? request.path.slice(ROOT.length + 1).split("/")
    : [];
  const collection = COLLECTIONS[name];
  const registering = request.path === ROOT;
  if ((!registering && !collection) || more.length > 0) return null;
  if (request.method !== (registering ? "POST" : "GET"))
    return {
      ...refusal(405, "method_not_allowed", "Method not allowed."),
      headers: { allow: registering ? "POST" : "GET" },
    };
  if (!request.grantedScopes.includes("accesslink.read_all"))
    return refusal(403, "forbidden", "The token lacks the scope accesslink.read_all.");
  if (registering) return register(request);
  if (request.registered === false)
    return refusal(403, "user_not_registered", "The user has not been registered to the client.");
  if (!collection) return null;
  if (day !== undefined) return single(request, collection.endpoint, parseCivilDay(day));
  return list(request, collection.endpoint, collection.member);
}
