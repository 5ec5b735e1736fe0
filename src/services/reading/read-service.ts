import { isDeepStrictEqual } from "node:util";
import type { DailyAnswer, DailyQuestion } from "../../domain/answers";
import { type CivilDay, spanOf } from "../../domain/days";
import { GatewayError } from "../../domain/errors";
import type { AtVersion, ReadingApi } from "../api";
import { within } from "../copies";
import type { Flights } from "../fetching/flights";
import type { Cache } from "../ports/cache";
import type { RecordStore, Snapshot } from "../ports/records";
import type { Telemetry } from "../ports/telemetry";
import type { DataVersions, TrustedVersions } from "../ports/versions";
import { type AnsweringParts, Asked } from "./asked";
import { type Errand, errandsOf } from "./errands";
import { type Identified, KnownCells, MAX_CELLS } from "./known-cells";
import { awaitFlight, INTERACTIVE, type Patience } from "./patience";
import { type PersonState, type PersonStates } from "./person-state";
import { Sheet } from "./sheet";
import { IMPATIENT, troubleOf } from "./trouble";

/** Milliseconds that a read waits for the statement that would confirm what it believes: a silent database is met in other ways. */
const BELIEF_PATIENCE_MS = 500;

/** What reading needs of the rest of the gateway. */
export interface ReadingParts extends AnsweringParts {
  readonly versions: Pick<DataVersions, "current" | "learned"> & Partial<TrustedVersions>;
  readonly states: PersonStates;
  /** What processes share; null where there is only this one. */
  readonly cache: Cache | null;
  /** How many cells this process holds, 0 for none. */
  readonly cellsHeld?: number;
  readonly store: RecordStore;
  readonly flights: Flights;
  readonly telemetry: Telemetry;
  /** Changes with schema, mappers and policy, so that cells of another build are not believed. */
  readonly build: string;
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
  read(personId: string, questions: readonly DailyQuestion[], at?: AtVersion): Promise<readonly DailyAnswer[]> {
    return this.answer(personId, questions, true, at);
  }

  /** @inheritdoc */
  stored(personId: string, questions: readonly DailyQuestion[], at?: AtVersion): Promise<readonly DailyAnswer[]> {
    return this.answer(personId, questions, false, at);
  }

  private async answer(
    personId: string,
    questions: readonly DailyQuestion[],
    mayAsk: boolean,
    at: AtVersion = () => this.parts.versions.current(personId),
  ): Promise<readonly DailyAnswer[]> {
    const { versions, states, cache } = this.parts;
    const held = states.heldOf(personId);
    // Where nobody else has cells, there is nothing to know the version for before the database is read anyway.
    const unasked = cache === null && versions.trusted?.(personId) === null;
    const early = held && unasked ? await this.onBelief(personId, held.version, held.state, questions, mayAsk) : null;
    if (early) return early;
    const { version, confirmed: versionConfirmed } = await at();
    const changed = held && !unasked && versionConfirmed && held.version !== version;
    const renewed = changed ? await this.onBelief(personId, version, held.state, questions, mayAsk) : null;
    if (renewed) return renewed;
    const { state, current } = await states.atOrBefore(personId, version).catch(degraded);
    const confirmed = versionConfirmed && current;
    const asked = new Asked(questions, state, this.parts);
    await this.know(personId, version, asked.sheets, confirmed, mayAsk);
    return asked.answers(confirmed);
  }

  /**
   * Most of what changes leaves the person's state as it was: their days are read as if it were, by the one statement that also says
   * whether it is. Null where it is not, where no day is lacking, and where the database fails or does not answer soon: whatever went
   * wrong is met again, and told, on the usual way.
   */
  private async onBelief(
    personId: string,
    version: string,
    state: PersonState,
    questions: readonly DailyQuestion[],
    mayAsk: boolean,
  ): Promise<readonly DailyAnswer[] | null> {
    const asked = new Asked(questions, state, this.parts);
    const { sheets } = asked;
    await this.known.find(sheets.map((sheet) => this.identified(sheet, personId, version)));
    const lacking = sheets.filter((sheet) => sheet.lacking().length > 0);
    if (lacking.length === 0) return null;
    const found = sheets.reduce((sum, sheet) => sum + sheet.wanted.size - sheet.lacking().length, 0);
    const reading = this.fromDatabase(personId, version, sheets, "database", state);
    const snapshot = await within(BELIEF_PATIENCE_MS, reading).catch(() => null);
    if (!snapshot) return null;
    this.parts.telemetry.answered("cache", found);
    await this.orStale(lacking, true, () => this.fromProviders(personId, snapshot, sheets, lacking, mayAsk));
    return asked.answers(true);
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
    await this.orStale(lacking, confirmed, async () => {
      if (!confirmed) throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach");
      const snapshot = await this.fromDatabase(personId, version, sheets, "database");
      await this.fromProviders(personId, snapshot, sheets, lacking, mayAsk);
    });
  }

  /** With the database away, what is known from before is answered as stale; anything less would be a guess. */
  private async orStale(lacking: readonly Sheet[], confirmed: boolean, look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (confirmed) this.parts.telemetry.fault("reading from the database", error);
      if (!lacking.every((sheet) => sheet.coversAll())) degraded(error);
    }
  }

  private async fromCache(personId: string, version: string, sheets: readonly Sheet[]): Promise<void> {
    await this.known.find(sheets.map((sheet) => this.identified(sheet, personId, version)));
    for (const sheet of sheets) this.parts.telemetry.answered("cache", sheet.wanted.size - sheet.lacking().length);
  }

  /**
   * Reads what the sheets lack; where the person's data are no longer of the version that the cells are of, everything again. `belief`:
   * the state that the sheets were made by; throws where it is another.
   */
  private async fromDatabase(
    personId: string,
    version: string,
    sheets: readonly Sheet[],
    layer: "database" | "provider",
    belief: PersonState | null = null,
  ): Promise<Snapshot> {
    let days = new Map(sheets.map((sheet) => [sheet, sheet.lacking()]));
    let since = performance.now();
    let snapshot = await this.snapshot(personId, days, belief);
    if (snapshot.version !== version && sheets.some((sheet) => sheet.cells.size > 0)) {
      days = new Map(sheets.map((sheet) => [sheet, [...sheet.wanted.keys()]]));
      since = performance.now();
      snapshot = await this.snapshot(personId, days, belief);
    }
    this.parts.versions.learned(personId, snapshot.version, since);
    if (snapshot.state) this.parts.states.learned(personId, snapshot.version, snapshot.state);
    if (belief && snapshot.state !== belief && !isDeepStrictEqual(snapshot.state, belief))
      throw new Error("the person's state is another");
    const made = [...days].map(([sheet, wanted]) => {
      const before = sheet.lacking().length;
      const cells = sheet.fill(snapshot, wanted);
      this.parts.telemetry.answered(layer, Math.max(0, before - sheet.lacking().length));
      return { ...this.identified(sheet, personId, snapshot.version), cells };
    });
    this.known.keep(made);
    return snapshot;
  }

  private snapshot(
    personId: string,
    wanted: ReadonlyMap<Sheet, readonly CivilDay[]>,
    belief: PersonState | null,
  ): Promise<Snapshot> {
    const sheets: Sheet[] = [];
    const days: CivilDay[] = [];
    for (const [sheet, some] of wanted) {
      if (some.length > 0) sheets.push(sheet);
      for (const day of some) days.push(day);
    }
    let [ageMatters, checkedSince] = [false, Number.POSITIVE_INFINITY];
    // Sheets that want the same mostly share it.
    for (const shared of new Set(sheets.map((sheet) => sheet.wanted))) {
      for (const requirement of shared.values()) {
        ageMatters ||= !requirement.settledSuffices;
        checkedSince = Math.min(checkedSince, requirement.checkedSince);
      }
    }
    return this.parts.store.snapshot({
      personId,
      accountIds: [...new Set(sheets.map((sheet) => sheet.source.account.id))],
      endpoints: [...new Set(sheets.flatMap((sheet) => sheet.source.endpoints.map((endpoint) => endpoint.name)))],
      range: spanOf(days),
      checkedSince: ageMatters ? checkedSince : null,
      withRecords: true,
      belief,
    });
  }

  /** Asks the providers for what the snapshot does not know as required, and reads what they brought. */
  private async fromProviders(
    personId: string,
    snapshot: Snapshot,
    sheets: readonly Sheet[],
    lacking: readonly Sheet[],
    mayAsk: boolean,
  ): Promise<void> {
    const errands = mayAsk ? errandsOf(lacking, snapshot) : [];
    if (errands.length === 0) return;
    await Promise.all(errands.map((errand) => this.fly(errand)));
    await this.fromDatabase(personId, snapshot.version, sheets, "provider");
    for (const sheet of lacking) if (sheet.troubles.length === 0) sheet.landed();
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
