import type { SessionReference, WireDocument } from "../../../providers/contract";
import type { CivilDay } from "../../domain/days";
import type { WearableRecord } from "../../domain/records";
import type { RecordStore } from "../ports/records";
import type { WholeAnswer } from "./pages";
import type { FlightTask } from "./task";

/**
 * Gives documents that name a sleep session instead of a day the session's day. Those whose session is not among the days known
 * belong to other days and come without records.
 */
export async function dateDocuments(store: RecordStore, task: FlightTask, answer: WholeAnswer): Promise<WholeAnswer> {
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
  return { ...answer, documents: answer.documents.map((document) => dated(document, days)) };
}

function dated(
  document: WireDocument,
  days: { readonly bySession: ReadonlyMap<string, CivilDay>; readonly byCycle: ReadonlyMap<string, CivilDay> },
): WireDocument {
  const { undated } = document;
  const day = undated && dayOf(undated.of, days);
  if (!undated || !day) return document;
  // What a record lacked of its kind was its day alone.
  const records = undated.records.map((record) => ({ ...record, day }) as WearableRecord);
  return { ...document, records: [...document.records, ...records] };
}

function dayOf(
  reference: SessionReference,
  days: { readonly bySession: ReadonlyMap<string, CivilDay>; readonly byCycle: ReadonlyMap<string, CivilDay> },
): CivilDay | undefined {
  return "session" in reference ? days.bySession.get(reference.session) : days.byCycle.get(reference.cycle);
}
