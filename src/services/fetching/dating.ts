import type { Undated } from "../../../providers/contract";
import { type CivilDay, contains, type DayRange } from "../../domain/days";
import type { WearableRecord } from "../../domain/records";
import type { RecordStore } from "../ports/records";
import type { WholeAnswer } from "./pages";
import type { FlightTask } from "./task";

type Document = WholeAnswer["documents"][number];

/** The days of sleep sessions, by their own key and by the physiological cycle that they belong to. */
interface SessionDays {
  readonly bySession: ReadonlyMap<string, CivilDay>;
  readonly byCycle: ReadonlyMap<string, CivilDay>;
}

/**
 * Gives documents that name a sleep session instead of a day the session's day. The sessions of the asked days, and of the day before
 * them, are known; so a document whose session is not among them belongs to its `otherwise` if that is one of the asked days, else
 * to other days, and comes without records.
 */
export async function dateDocuments(
  store: RecordStore,
  task: FlightTask,
  asked: DayRange,
  answer: WholeAnswer,
): Promise<WholeAnswer> {
  const { account, endpoint } = task;
  const references = answer.documents.flatMap((document) => document.undated?.of ?? []);
  if (endpoint.daysFrom === undefined || references.length === 0) return answer;
  const days = await store.sessionDays({
    personId: account.personId,
    accountId: account.id,
    endpoint: endpoint.daysFrom,
    sessions: references.flatMap((reference) => ("session" in reference ? reference.session : [])),
    cycles: references.flatMap((reference) => ("cycle" in reference ? reference.cycle : [])),
  });
  return { ...answer, documents: answer.documents.map((document) => dated(document, days, asked)) };
}

function dated(document: Document, days: SessionDays, asked: DayRange): Document {
  const { undated } = document;
  const day = undated && dayOf(undated, days, asked);
  if (!undated || !day) return document;
  // What a record lacked of its kind was its day alone.
  const records = undated.records.map((record) => ({ ...record, day }) as WearableRecord);
  return { ...document, records: [...document.records, ...records] };
}

function dayOf({ of, otherwise }: Undated, days: SessionDays, asked: DayRange): CivilDay | undefined {
  const known = "session" in of ? days.bySession.get(of.session) : days.byCycle.get(of.cycle);
  return known ?? (otherwise !== undefined && contains(asked, otherwise) ? otherwise : undefined);
}
