import type { DayRange } from "../../domain/days";

/** A window of days of an endpoint that is fetched under one linking. */
export interface PagedWindow {
  readonly personId: string;
  readonly accountId: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly grantNumber: number;
  readonly window: DayRange;
}

/** A page as it came: the cursor that it was asked by, and its parsed body. */
export interface KeptPage {
  readonly cursor: string | null;
  readonly body: unknown;
}

/** The first pages of a fetch that did not come to its end. `startedAt`: when its first page was asked for, epoch seconds by the database's clock. */
export interface Interrupted {
  readonly startedAt: number;
  readonly pages: readonly KeptPage[];
}

/** Pages of a fetch under way, sealed, so that it goes on at the very page where its process died. The commit of the whole forgets them. */
export interface PageKeeper {
  /** What an interrupted fetch of the same linking has brought within the last quarter of an hour; null where nothing. */
  interrupted(window: PagedWindow): Promise<Interrupted | null>;
  /** Keeps a page (`number` from 1). Throws {@link AccountFenced} where the account was unlinked, relinked or erased since. */
  keep(window: PagedWindow, number: number, page: KeptPage, startedAt: number): Promise<void>;
  forget(window: PagedWindow): Promise<void>;
}
