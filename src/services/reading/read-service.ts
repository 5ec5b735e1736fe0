import type { DailyAnswer, DailyQuestion } from "../../domain/answers";
import type { ChoicePolicy } from "../../domain/choice";
import type { CivilDay } from "../../domain/days";
import { GatewayError } from "../../domain/errors";
import type { Metric } from "../../domain/metrics";
import type { ReadingApi } from "../api";
import type { ConfiguredProvider } from "../fetching/ask";
import type { Flights } from "../fetching/flights";
import type { Cache } from "../ports/cache";
import type { RecordStore, Snapshot } from "../ports/records";
import type { Telemetry } from "../ports/telemetry";
import type { DataVersions } from "../ports/versions";
import { compose, type Part } from "./answer";
import { type Errand, errandsOf } from "./errands";
import { type Identified, KnownCells, MAX_CELLS } from "./known-cells";
import { awaitFlight, INTERACTIVE, type Patience } from "./patience";
import { type PersonState, type PersonStates, todayOf } from "./person-state";
import { latestAnywhere, type Moment, Requirements, resolve } from "./questions";
import { Sheet } from "./sheet";
import { IMPATIENT, troubleOf } from "./trouble";

/** What reading needs of the rest of the gateway. */
export interface ReadingParts {
  readonly versions: Pick<DataVersions, "current" | "learned">;
  readonly states: PersonStates;
  /** What processes share; null where there is only this one. */
  readonly cache: Cache | null;
  /** How many cells this process holds, 0 for none. */
  readonly cellsHeld?: number;
  readonly store: RecordStore;
  readonly flights: Flights;
  readonly telemetry: Telemetry;
  /** Every wearable by slug, in the order of preference where nothing else decides. */
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  /** The operator's preference per metric. */
  readonly sourceOrder?: Readonly<Partial<Record<Metric, readonly string[]>>>;
  /** Changes with schema, mappers and policy, so that cells of another build are not believed. */
  readonly build: string;
  readonly now: () => number;
  readonly patience?: Patience;
}

/** Answers daily questions: from cells, then the database, then the providers; each endpoint at most once per missing stretch. */
export class ReadService implements ReadingApi {
  private readonly known: KnownCells;

  constructor(private readonly parts: ReadingParts) {
    this.known = new KnownCells({ ...parts, held: parts.cellsHeld ?? MAX_CELLS });
  }

  /** Waits until what was read is in the cache. */
  drained(): Promise<void> {
    return this.known.drained();
  }

  /** @inheritdoc */
  read(personId: string, questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]> {
    return this.answer(personId, questions, true);
  }

  /** @inheritdoc */
  stored(personId: string, questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]> {
    return this.answer(personId, questions, false);
  }

  private async answer(
    personId: string,
    questions: readonly DailyQuestion[],
    mayAsk: boolean,
  ): Promise<readonly DailyAnswer[]> {
    const { version, confirmed: versionConfirmed } = await this.parts.versions.current(personId);
    const { state, current } = await this.parts.states.atOrBefore(personId, version).catch(degraded);
    const confirmed = versionConfirmed && current;
    const moment = this.momentOf(state);
    const sheets = new Map<string, Sheet>();
    const required = new Requirements(moment);
    const partsOf = questions.map((question) => this.split(question, state, required, sheets));
    await this.know(personId, version, [...sheets.values()], confirmed, mayAsk);
    return questions.map((question, index) => {
      const policy = this.policyOf(question, state);
      return compose(question, partsOf[index] ?? [], moment, !confirmed, policy);
    });
  }

  private policyOf(question: DailyQuestion, state: PersonState): ChoicePolicy {
    return {
      query: question.prefer ?? null,
      person: state.preferences[question.metric] ?? null,
      operator: this.parts.sourceOrder?.[question.metric] ?? null,
      order: [...this.parts.providers.keys()],
    };
  }

  private momentOf(state: PersonState): Moment {
    const now = this.parts.now();
    return { now, offsetMinutes: state.offsetMinutes, today: todayOf(state, now) };
  }

  /** A question's parts, one per provider asked; what several questions want of one source lands on one sheet. */
  private split(
    question: DailyQuestion,
    state: PersonState,
    required: Requirements,
    sheets: Map<string, Sheet>,
  ): Part[] {
    const linked = new Map(
      state.accounts
        .filter((account) => account.status !== "DISCONNECTED")
        .map((account) => [account.provider, account]),
    );
    const asked = [...new Set(question.providers ?? linked.keys())];
    return asked.flatMap((provider): Part[] => {
      const configured = this.parts.providers.get(provider);
      if (!configured) return [];
      const resolved = resolve(question, configured, linked.get(provider));
      if (!("source" in resolved)) return [{ provider, resolved, sheet: null, wanted: new Map() }];
      const name = `${resolved.source.account.id} ${question.metric}`;
      const sheet = sheets.get(name) ?? new Sheet(resolved.source, latestAnywhere(required.moment.now));
      sheets.set(name, sheet);
      const wanted = required.of(question, resolved.source.endpoints);
      sheet.want(wanted);
      return [{ provider, resolved, sheet, wanted }];
    });
  }

  private async know(
    personId: string,
    version: string,
    sheets: readonly Sheet[],
    confirmed: boolean,
    mayAsk: boolean,
  ): Promise<void> {
    await this.fromCache(personId, version, sheets);
    const lacking = sheets.filter((sheet) => sheet.lacking().length > 0);
    if (lacking.length === 0) return;
    try {
      if (!confirmed) throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach");
      const snapshot = await this.fromDatabase(personId, version, sheets, "database");
      if (mayAsk && (await this.fromProviders(snapshot, lacking))) {
        await this.fromDatabase(personId, snapshot.version, sheets, "provider");
        for (const sheet of lacking) if (sheet.troubles.length === 0) sheet.landed();
      }
    } catch (error) {
      // With the database away, what the cache still holds is answered as stale; anything less would be a guess.
      if (confirmed) this.parts.telemetry.fault("reading from the database", error);
      if (!lacking.every((sheet) => sheet.coversAll())) degraded(error);
    }
  }

  private async fromCache(personId: string, version: string, sheets: readonly Sheet[]): Promise<void> {
    await this.known.find(sheets.map((sheet) => this.identified(sheet, personId, version)));
    for (const sheet of sheets) this.parts.telemetry.answered("cache", sheet.wanted.size - sheet.lacking().length);
  }

  /** Reads what the sheets lack; where the person's data are no longer of the version that the cells are of, everything again. */
  private async fromDatabase(
    personId: string,
    version: string,
    sheets: readonly Sheet[],
    layer: "database" | "provider",
  ): Promise<Snapshot> {
    let days = new Map(sheets.map((sheet) => [sheet, sheet.lacking()]));
    let snapshot = await this.snapshot(personId, days);
    if (snapshot.version !== version && sheets.some((sheet) => sheet.cells.size > 0)) {
      days = new Map(sheets.map((sheet) => [sheet, [...sheet.wanted.keys()]]));
      snapshot = await this.snapshot(personId, days);
    }
    this.parts.versions.learned(personId, snapshot.version);
    const made = [...days].map(([sheet, wanted]) => {
      const before = sheet.lacking().length;
      const cells = sheet.fill(snapshot, wanted);
      this.parts.telemetry.answered(layer, Math.max(0, before - sheet.lacking().length));
      return { ...this.identified(sheet, personId, snapshot.version), cells };
    });
    this.known.keep(made);
    return snapshot;
  }

  private snapshot(personId: string, wanted: ReadonlyMap<Sheet, readonly CivilDay[]>): Promise<Snapshot> {
    const sheets = [...wanted].flatMap(([sheet, days]) => (days.length > 0 ? [sheet] : []));
    const days = [...wanted.values()].flat().sort();
    const requirementsOf = sheets.flatMap((sheet) => [...sheet.wanted.values()]);
    const ageMatters = requirementsOf.some((requirement) => !requirement.settledSuffices);
    return this.parts.store.snapshot({
      personId,
      accountIds: [...new Set(sheets.map((sheet) => sheet.source.account.id))],
      endpoints: [...new Set(sheets.flatMap((sheet) => sheet.source.endpoints.map((endpoint) => endpoint.name)))],
      range: { start: days[0] as CivilDay, end: days.at(-1) as CivilDay },
      checkedSince: ageMatters ? Math.min(...requirementsOf.map((requirement) => requirement.checkedSince)) : null,
      withRecords: true,
    });
  }

  /** Asks the providers for what the snapshot does not know as required; whether anything was asked. */
  private async fromProviders(snapshot: Snapshot, sheets: readonly Sheet[]): Promise<boolean> {
    const errands = errandsOf(sheets, snapshot);
    await Promise.all(errands.map((errand) => this.fly(errand)));
    return errands.length > 0;
  }

  private async fly(errand: Errand): Promise<void> {
    const flight = this.parts.flights.bring(errand, errand.wanted);
    const outcome = await awaitFlight(flight, this.parts.patience ?? INTERACTIVE);
    if (outcome === "impatient") for (const sheet of errand.sheets) sheet.troubles.push(IMPATIENT);
    else if ("error" in outcome) {
      const trouble = troubleOf(outcome.error);
      for (const sheet of errand.sheets) sheet.troubles.push(trouble);
    }
  }

  private identified(sheet: Sheet, personId: string, version: string): Identified {
    return { sheet, identity: { personId, accountId: sheet.source.account.id, version, build: this.parts.build } };
  }
}

function degraded(error: unknown): never {
  if (error instanceof GatewayError) throw error;
  throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach", { cause: error });
}
