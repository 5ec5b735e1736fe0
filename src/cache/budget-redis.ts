import { randomUUID } from "node:crypto";
import type Redis from "ioredis";
import { type BudgetWindow, limitsOf, type WindowLimits } from "../domain/budgets";
import type { Decision, RequestCounts, Wish } from "../services/ports/budgets";
import { LocalCount } from "./budget-memory";
import { ANNOUNCE, JOIN, TAKE } from "./budget-scripts";
import { Slots, slotMsOf } from "./budget-slots";
import type { RedisLink } from "./redis";
import { RedisClock } from "./redis-clock";

/** Milliseconds between two looks at the count and at who counts, and after which a process that has not looked is gone. */
const BEAT_MS = 500;
const GONE_AFTER_MS = 3_000;
/** Looks among which the one that found most processes counts: a Redis that was away finds them again one by one. */
const LOOKS_KEPT = 20;
/** Milliseconds for which a process keeps to its part once Redis is back, so that the others can bring in theirs. */
const ALL_BACK_MS = 2_000;
/** How many processes are assumed where Redis could never be asked. */
const PROCESSES_UNKNOWN = 4;

const PREFIX = "gateway:budget";
const PROCESSES = "gateway:processes";
const SLOT = /^(\d+):(\d+)$/;

/** The count of one of several processes; Redis has been back since `backAt` (monotonic milliseconds), or is away. */
interface Alone {
  readonly count: LocalCount;
  readonly processes: number;
  backAt: number | null;
}

/** What this process knows of one provider's count. */
interface Known {
  /** Name of the shared count as of the last look; empty before the first. */
  name: string;
  windows: readonly BudgetWindow[];
  /** Everybody's requests as far as Redis has told. */
  told: Slots;
  /** What of it this process took. */
  own: Slots;
  /** Requests that this process took while it could not reach Redis. */
  untold: Slots;
  /** The count that this process keeps meanwhile. */
  alone: Alone | null;
  joining: Promise<void> | null;
}

/**
 * Counts in Redis, by the clock of Redis. While it is away each process takes at most its part, by how many there were, of what was
 * left when Redis was last heard; what it took meanwhile, and a count that Redis has lost, are brought in when it is back.
 */
export class RedisCounts implements RequestCounts {
  private readonly self = randomUUID();
  private readonly known = new Map<string, Known>();
  private processes: readonly number[] = [];
  private readonly redisClock = new RedisClock();
  private beating: Promise<void> | null = null;
  private readonly beats: NodeJS.Timeout;

  /** `used`: told the part of each window that was taken. `nowMs`: a clock in place of Redis's. */
  constructor(
    private readonly link: RedisLink,
    private readonly used: (provider: string, seconds: number, part: number) => void = () => undefined,
    private readonly nowMs: (() => number) | null = null,
  ) {
    this.beats = setInterval(() => void this.beat(), BEAT_MS);
    this.beats.unref();
  }

  /** @inheritdoc */
  async take(provider: string, windows: readonly BudgetWindow[], wish: Wish): Promise<Decision> {
    const known = this.of(provider, windows);
    // Right after an outage both counts must agree.
    const own = this.isComingBack(known) ? this.byItself(provider, known, wish, false) : null;
    if (own && !own.granted) return own;
    const shared = await this.link.attempt<Decision | null>(
      (client) => this.together(client, provider, known, wish),
      null,
    );
    if (shared) {
      if (known.alone) known.alone.backAt ??= this.steady();
      return shared;
    }
    return this.byItself(provider, known, wish, true);
  }

  /** Looks at the counts and at who counts; what Redis has lost or never heard is brought in. */
  beat(): Promise<void> {
    this.beating ??= this.link
      .attempt(async (client) => {
        const [processes, now] = (await client.eval(
          ANNOUNCE,
          1,
          PROCESSES,
          this.clock(),
          this.self,
          GONE_AFTER_MS,
        )) as [number, number];
        this.processes = [processes, ...this.processes].slice(0, LOOKS_KEPT);
        this.redisClock.heard(now);
        for (const [provider, known] of this.known) await this.look(client, provider, known);
      }, undefined)
      .finally(() => {
        this.beating = null;
      });
    return this.beating;
  }

  /** Takes leave of the others. */
  async close(): Promise<void> {
    clearInterval(this.beats);
    await this.beating;
    await this.link.attempt((client) => client.zrem(PROCESSES, this.self), 0);
  }

  private async together(client: Redis, provider: string, known: Known, wish: Wish): Promise<Decision> {
    for (let attempt = 1; attempt <= 3; attempt++) {
      if (this.mustJoin(known)) await this.join(client, provider, known);
      const limits = known.windows.map((window) => limitsOf(window));
      const account = wish.accountId ?? "";
      const keys = [keyOf(provider), ...known.windows.map(({ seconds }) => `${keyOf(provider)}:${seconds}:${account}`)];
      const facts = known.windows.flatMap(({ seconds }, index) => factsOf(seconds, limits[index], wish.background));
      const asked = [...keys, this.clock(), known.name, account, wish.background ? 1 : 0, ...facts];
      const answer = (await client.eval(TAKE, keys.length, ...asked)) as (number | string)[];
      if (answer[0] !== "unknown") return this.decided(provider, known, answer.map(Number));
      this.lost(known);
    }
    throw new Error("expected Redis to keep what it was just told");
  }

  private decided(provider: string, known: Known, answer: readonly number[]): Decision {
    const [granted, waitMs = 1, accountOnly, now = 0, ...totals] = answer;
    this.redisClock.heard(now);
    for (const [index, window] of known.windows.entries()) {
      this.used(provider, window.seconds, (totals[index] ?? 0) / window.requests);
      // What others took since the last look is not told by slot: it counts as of now.
      const told = known.told.of(window.seconds);
      told.add(now, Math.max(0, (totals[index] ?? 0) - told.total(now)));
      if (granted === 1) known.own.add(window.seconds, now);
    }
    return granted === 1 ? { granted: true } : { granted: false, waitMs, accountOnly: accountOnly === 1 };
  }

  private join(client: Redis, provider: string, known: Known): Promise<void> {
    known.joining ??= this.bringIn(client, provider, known).finally(() => {
      known.joining = null;
    });
    return known.joining;
  }

  private async bringIn(client: Redis, provider: string, known: Known): Promise<void> {
    const { untold } = known;
    known.untold = new Slots();
    const now = this.now();
    const lost = known.name === "";
    const slots = [
      ...(lost ? fieldsOf(known.told, now, (count) => [count, 0, 0]) : []),
      ...(lost ? fieldsOf(known.own, now, (count) => [0, count, 0]) : []),
      ...fieldsOf(untold, now, (count) => [0, 0, count]),
    ];
    const keepMs = Math.max(0, ...known.windows.map(({ seconds }) => seconds * 1_020)) + 1_000;
    try {
      const key = keyOf(provider);
      const asked = [key, `${key}:brought`, this.clock(), randomUUID(), Math.ceil(keepMs), this.self, ...slots];
      const [name, at] = (await client.eval(JOIN, 2, ...asked)) as [string, number];
      known.name = name;
      known.own.addAll(untold, now);
      this.redisClock.heard(at);
    } catch (error) {
      known.untold.addAll(untold, this.now());
      throw error;
    }
  }

  private async look(client: Redis, provider: string, known: Known): Promise<void> {
    let fields = await client.hgetall(keyOf(provider));
    if (fields.name !== known.name) this.lost(known);
    if (this.mustJoin(known)) {
      await this.join(client, provider, known);
      fields = await client.hgetall(keyOf(provider));
    }
    if (fields.name !== known.name) return;
    const told = new Slots();
    for (const [field, count] of Object.entries(fields)) {
      const [, seconds, slot] = SLOT.exec(field) ?? [];
      if (seconds !== undefined) told.of(Number(seconds)).add(Number(slot) * slotMsOf(Number(seconds)), Number(count));
    }
    known.told = told;
  }

  /** Redis has forgotten the count: until the others have joined the new one, each keeps to its part. */
  private lost(known: Known): void {
    if (known.name === "") return;
    known.alone ??= this.inherit(known);
    known.alone.backAt = this.steady();
    known.name = "";
  }

  private mustJoin(known: Known): boolean {
    return known.name === "" || !known.untold.counted(this.now()).next().done;
  }

  private isComingBack(known: Known): boolean {
    if (known.alone?.backAt == null) return false;
    if (this.steady() - known.alone.backAt > ALL_BACK_MS) known.alone = null;
    return known.alone !== null;
  }

  private byItself(provider: string, known: Known, wish: Wish, away: boolean): Decision {
    known.alone ??= this.inherit(known);
    if (away) known.alone.backAt = null;
    const { count, processes } = known.alone;
    const limits = partOf(known, processes);
    const now = this.now();
    const decision = count.take(limits, wish, now);
    for (const [index, window] of known.windows.entries()) {
      const limit = limits[index];
      if (!limit) continue;
      this.used(provider, window.seconds, count.total(limit, now) / Math.max(1, limit.limit));
      if (decision.granted && away) known.untold.add(window.seconds, now);
    }
    return decision;
  }

  /** This process's part of what everybody is known to have taken: added up over the processes it is all of it. */
  private inherit(known: Known): NonNullable<Known["alone"]> {
    const processes = this.processes.length > 0 ? Math.max(...this.processes) : PROCESSES_UNKNOWN;
    const limits = partOf(known, processes);
    const alone = new LocalCount();
    for (const slots of [known.told, known.untold]) {
      for (const [seconds, slot, count] of slots.counted(this.now())) {
        const limit = limits.find(({ windowMs }) => windowMs === seconds * 1_000);
        if (limit) alone.add(limit, slot * limit.slotMs, slots === known.told ? count / processes : count);
      }
    }
    return { count: alone, processes, backAt: null };
  }

  private of(provider: string, windows: readonly BudgetWindow[]): Known {
    const known = this.known.get(provider) ?? {
      ...{ name: "", windows, told: new Slots(), own: new Slots(), untold: new Slots(), alone: null, joining: null },
    };
    this.known.set(provider, known);
    known.windows = windows;
    return known;
  }

  /** A clock of this process that never goes back. */
  private steady(): number {
    return this.nowMs?.() ?? performance.now();
  }

  private clock(): number {
    return this.nowMs?.() ?? 0;
  }

  /** The clock of Redis, as far as it is known. */
  private now(): number {
    return this.nowMs?.() ?? this.redisClock.now();
  }
}

/** What each of some processes may take while they cannot count together. */
function partOf({ windows }: Known, processes: number): WindowLimits[] {
  return windows.map((window) => limitsOf(window, processes));
}

function keyOf(provider: string): string {
  return `${PREFIX}:{${provider}}`;
}

/** What the script that brings counts in is told of each slot: its field, and the count in one of three places. */
function fieldsOf(slots: Slots, now: number, placed: (count: number) => number[]): (string | number)[] {
  return [...slots.counted(now)].flatMap(([seconds, slot, count]) => [`${seconds}:${slot}`, ...placed(count)]);
}

function factsOf(seconds: number, limit: WindowLimits | undefined, background: boolean): number[] {
  if (!limit) return [];
  const most = background ? limit.backgroundLimit : limit.limit;
  const { slotMs, shareSlotMs, share, contended, intervalMs, burstMs } = limit;
  return [seconds, slotMs, shareSlotMs, most, share, contended, intervalMs, burstMs];
}
