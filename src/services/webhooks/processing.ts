import { z } from "zod";
import { UpstreamFailure } from "../../domain/errors";
import type { ConfiguredProvider } from "../fetching/ask";
import { Postponed, type Task } from "../ports/jobs";
import {
  type EventOutcome,
  type VendorUser,
  type WaitingEvent,
  WEBHOOK_TASK,
  type WebhookInbox,
} from "../ports/webhook-inbox";
import { endOf, type Refreshed, type Refreshing } from "./refreshing";

/** Seconds between two attempts while a provider is out of reach: as long again as it has lasted, within these bounds. */
const SHORTEST_PAUSE = 15;
const LONGEST_PAUSE = 3_600;
/** Seconds after which an outage counts as a failure of the job: the nightly reading will bring what it told of. */
const PATIENCE_SECONDS = 86_400;
/** Seconds over which jobs that wait for the same moment are spread. */
const SPREAD = 5;

const payloadSchema = z.object({ provider: z.string(), vendorUserId: z.string() });

/** What working off events needs. */
export interface ProcessingParts {
  readonly inbox: WebhookInbox;
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly refreshing: Refreshing;
  readonly now: () => number;
  readonly count: (provider: string, outcome: EventOutcome) => void;
}

/** A run of this process for one vendor user. `called`: others came meanwhile, whose events it takes on. */
interface Run {
  called: boolean;
}

/** The task that works off what waits of one vendor user: whatever came in whatever order, what is kept in the end is what the vendor has now. */
export function webhookTask(parts: ProcessingParts): Task {
  const runs = new Map<string, Run>();
  return {
    name: WEBHOOK_TASK,
    lane: "live",
    async run(payload) {
      const user = payloadSchema.parse(payload);
      const name = JSON.stringify([user.provider, user.vendorUserId]);
      const other = runs.get(name);
      if (other) {
        // What this one would read, the other is reading or will read: together they ask the vendor once. It comes back to see that
        // nothing was left, for its key may have been taken from the other's job, which then ends with its process or its failure.
        other.called = true;
        throw new Postponed(parts.now() + SHORTEST_PAUSE, "another run is at it");
      }
      const run: Run = { called: false };
      runs.set(name, run);
      try {
        await untilNothingWaits(parts, user, run);
      } finally {
        runs.delete(name);
      }
    },
  };
}

async function untilNothingWaits(parts: ProcessingParts, user: VendorUser, run: Run): Promise<void> {
  for (;;) {
    run.called = false;
    const waiting = await parts.inbox.waiting(user);
    if (waiting.length === 0 && !run.called) return;
    const failure = waiting.length > 0 ? await workOff(parts, user, waiting) : null;
    if (failure) throw postponed(failure.error, waiting, parts.now()) ?? failure.error;
  }
}

/** Reads again what the events tell of, then marks them: a process that dies in between only reads again. */
async function workOff(
  parts: ProcessingParts,
  user: VendorUser,
  waiting: readonly WaitingEvent[],
): Promise<{ readonly error: unknown } | null> {
  const ends = await endsOf(parts, user, waiting);
  const finished = waiting.flatMap((event) => {
    const outcome = ends.get(event);
    return typeof outcome === "string" ? [{ key: event.key, receivedAt: event.receivedAt, outcome }] : [];
  });
  for (const outcome of await parts.inbox.finish(user, finished)) parts.count(user.provider, outcome);
  const failures = [...ends.values()].filter((end) => typeof end === "object");
  // What can be waited for is waited for: the others are tried again with it.
  return failures.find(({ error }) => postponed(error, waiting, parts.now())) ?? failures[0] ?? null;
}

async function endsOf(
  { inbox, providers, refreshing }: ProcessingParts,
  user: VendorUser,
  waiting: readonly WaitingEvent[],
): Promise<ReadonlyMap<WaitingEvent, Refreshed>> {
  const configured = providers.get(user.provider);
  const accounts = configured ? await inbox.accountsOf(user) : [];
  if (!configured || accounts.length === 0) return new Map(waiting.map((event) => [event, "UNKNOWN_USER"]));
  const active = accounts.filter(({ status }) => status === "ACTIVE");
  const left = accounts.some(({ status }) => status === "RECONNECT_REQUIRED") ? "RECONNECT_REQUIRED" : "DISCONNECTED";
  if (active.length === 0) return new Map(waiting.map((event) => [event, left]));
  const ends: ReadonlyMap<WaitingEvent, Refreshed>[] = [];
  for (const account of active) ends.push(await refreshing.refresh({ account, configured }, waiting));
  return new Map(waiting.map((event) => [event, endOf(ends.map((of) => of.get(event)))]));
}

/** The same again at another time, where the provider asked for that or is out of reach; null where it is a failure. */
function postponed(error: unknown, waiting: readonly WaitingEvent[], now: number): Postponed | null {
  if (!(error instanceof UpstreamFailure)) return null;
  const age = now - Math.min(...waiting.map(({ receivedSeconds }) => receivedSeconds));
  const pause = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, age));
  const spread = Math.random() * SPREAD;
  if (error.kind === "RATE_LIMITED")
    return new Postponed((error.details.retryAt ?? now + pause) + spread, error.message);
  if (error.kind !== "UNAVAILABLE" || age > PATIENCE_SECONDS) return null;
  return new Postponed(Math.max(error.details.retryAt ?? 0, now + pause) + spread, error.message);
}
