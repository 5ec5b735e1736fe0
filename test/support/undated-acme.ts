import { z } from "zod";
import {
  civilDayText,
  type Endpoint,
  expectShape,
  type Provider,
  quantity,
  readDocuments,
  type WireDocument,
} from "../../providers/contract";
import { acme } from "./reading-acme";

const Envelope = z.object({ items: z.array(z.unknown()), next: z.string().nullable() });
const Base = z.object({ id: z.string(), value: quantity({ min: 0, max: 1_000_000 }) });
const OfSession = Base.extend({ session: z.string() });
const OfCycle = Base.extend({ cycle: z.string(), otherwise: civilDayText.optional() });

const [, sleep, readiness, activity] = acme.endpoints as readonly [Endpoint, Endpoint, Endpoint, Endpoint];

function undated<T>(of: Endpoint, schema: z.ZodType<T>, toDocument: (item: T, raw: unknown) => WireDocument): Endpoint {
  return {
    ...of,
    daysFrom: "sleep",
    margin: { before: 1, after: 1 },
    read(body) {
      const { items, next } = expectShape(Envelope, body);
      return { ...readDocuments(items, schema, toDocument), cursor: next };
    },
  };
}

/** Sleeps that belong to cycles. */
const cycledSleep: Endpoint = {
  ...sleep,
  read(body) {
    const page = sleep.read(body);
    return {
      ...page,
      documents: page.documents.map((document) => {
        const { cycle } = document.raw as { cycle?: string };
        if (cycle === undefined) return document;
        const records = document.records.map((record) =>
          record.kind === "sleep_session" ? { ...record, cycleKey: cycle } : record,
        );
        return { ...document, records };
      }),
    };
  },
};

/** Acme where readiness names a sleep session and activity a cycle, and neither names its day; nor has it other endpoints but sleep. */
export const undatedAcme: Provider = {
  ...acme,
  endpoints: [
    cycledSleep,
    undated(readiness, OfSession, ({ id, value, session }, raw) => ({
      id,
      raw,
      records: [],
      undated: {
        of: { session },
        records: [
          {
            kind: "readiness",
            key: id,
            score: value,
            contributors: [],
            temperatureDeviationCelsius: null,
            temperatureTrendDeviationCelsius: null,
          },
        ],
      },
    })),
    undated(activity, OfCycle, ({ id, value, cycle, otherwise }, raw) => ({
      id,
      raw,
      records: [],
      undated: {
        of: { cycle },
        ...(otherwise === undefined ? {} : { otherwise }),
        records: [
          {
            kind: "activity",
            key: id,
            score: null,
            contributors: [],
            steps: value,
            distanceMeters: null,
            equivalentWalkingDistanceMeters: null,
            activeEnergyKilocalories: null,
            totalEnergyKilocalories: null,
            highActivitySeconds: null,
            mediumActivitySeconds: null,
            lowActivitySeconds: null,
            sedentarySeconds: null,
            restingSeconds: null,
            nonWearSeconds: null,
            inactivityAlerts: null,
          },
        ],
      },
    })),
  ],
};
