import { randomUUID } from "node:crypto";
import type Redis from "ioredis";
import { type BudgetWindow, KEPT_SLOTS, limitsOf, type WindowLimits } from "../domain/budgets";
import type { Decision, RequestCounts, Wish } from "../services/ports/budgets";
import { LocalCount, steadyNow } from "./budget-memory";
import { ANNOUNCE, JOIN, TAKE } from "./budget-scripts";
import type { RedisLink } from "./redis";

/** Milliseconds between two looks at the count and at who counts, and after which a process that has not looked is gone. */
const BEAT_MS = 500;
const GONE_AFTER_MS = 3_000;
/** How many processes are assumed where Redis could never be asked. */
const PROCESSES_UNKNOWN = 4;

const PREFIX = "gateway:budget";
const PROCESSES = "gateway:processes";
const SLOT = /^(\d+):(\d+)$/;

/** Requests by field of the shared count: `<seconds of the window>:<slot>`. */
type Slots = Map<string, number>;

/** What this process knows of one provider's count. */
interface Known {
  /** Name of the shared count as of the last look; empty before the first. */
  name: string;
  windows: readonly BudgetWindow[];
  /** Everybody's requests as far as Redis has told. */
  readonly told: Slots;
  /** Requests that this process took while it could not reach Redis. */
  untold: Slots;
  /** The count that this process keeps meanwhile. */
  alone: LocalCount | null;
  joining: Promise<void> | null;
}

/**
 * Counts in Redis, by the clock of Redis. While it is away each process takes at most its part, by how many there were, of what was
 * left when Redis was last heard; what it took meanwhile, and a count that Redis has lost, are brought in when it is back.
 */
export class RedisCounts implements RequestCounts {
  private readonly self = randomUUID();
  private readonly known = new Map<string, Known>();
  private processes: number | null = null;
  private aheadMs = 0;
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
    const shared = await this.link.attempt<Decision | null>(
      (client) => this.together(client, provider, known, wish),
      null,
    );
    if (shared) known.alone = null;
    return shared ?? this.byItself(provider, known, wish);
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
        this.processes = processes;
        this.heard(now);
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
      if (known.name === "" || known.untold.size > 0) await this.join(client, provider, known);
      const limits = known.windows.map((window) => limitsOf(window));
      const account = wish.accountId ?? "";
      const keys = [keyOf(provider), ...known.windows.map(({ seconds }) => `${keyOf(provider)}:${seconds}:${account}`)];
      const facts = known.windows.flatMap(({ seconds }, index) => factsOf(seconds, limits[index], wish.background));
      const asked = [...keys, this.clock(), known.name, account, wish.background ? 1 : 0, ...facts];
      const answer = (await client.eval(TAKE, keys.length, ...asked)) as (number | string)[];
      if (answer[0] !== "unknown") return this.decided(provider, known, answer.map(Number));
      known.name = "";
    }
    throw new Error("expected Redis to keep what it was just told");
  }

  private decided(provider: string, known: Known, answer: readonly number[]): Decision {
    const [granted, waitMs = 1, accountOnly, now = 0, ...totals] = answer;
    this.heard(now);
    for (const [index, window] of known.windows.entries()) {
      this.used(provider, window.seconds, (totals[index * 2] ?? 0) / window.requests);
      const field = `${window.seconds}:${Math.floor(now / limitsOf(window).slotMs)}`;
      if (granted === 1) raise(known.told, field, totals[index * 2 + 1] ?? 0);
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
    const untold = known.untold;
    known.untold = new Map();
    forgetOld(known, this.now());
    const told: Slots = known.name === "" ? known.told : new Map();
    const slots = [...new Set([...told.keys(), ...untold.keys()])].flatMap((field) => [
      field,
      told.get(field) ?? 0,
      untold.get(field) ?? 0,
    ]);
    const keepMs = Math.max(0, ...known.windows.map(({ seconds }) => seconds * 1_020)) + 1_000;
    try {
      const asked = [this.clock(), randomUUID(), Math.ceil(keepMs), ...slots];
      const [name, now] = (await client.eval(JOIN, 1, keyOf(provider), ...asked)) as [string, number];
      known.name = name;
      this.heard(now);
    } catch (error) {
      for (const [field, count] of untold) known.untold.set(field, (known.untold.get(field) ?? 0) + count);
      throw error;
    }
  }

  private async look(client: Redis, provider: string, known: Known): Promise<void> {
    const fields = await client.hgetall(keyOf(provider));
    if (fields.name !== known.name) known.name = "";
    if (known.name === "" || known.untold.size > 0) await this.join(client, provider, known);
    for (const [field, count] of Object.entries(fields)) if (SLOT.test(field)) raise(known.told, field, Number(count));
    forgetOld(known, this.now());
  }

  private byItself(provider: string, known: Known, wish: Wish): Decision {
    const processes = this.processes ?? PROCESSES_UNKNOWN;
    const limits = known.windows.map((window) => limitsOf(window, processes));
    known.alone ??= this.inherit(known, limits, processes);
    const now = this.now();
    const decision = known.alone.take(limits, wish, now);
    for (const [index, window] of known.windows.entries()) {
      const limit = limits[index];
      if (!limit) continue;
      this.used(provider, window.seconds, known.alone.total(limit, now) / Math.max(1, limit.limit));
      const field = `${window.seconds}:${Math.floor(now / limit.slotMs)}`;
      if (decision.granted) known.untold.set(field, (known.untold.get(field) ?? 0) + 1);
    }
    return decision;
  }

  /** This process's part of what everybody is known to have taken: added up over the processes it is all of it. */
  private inherit(known: Known, limits: readonly WindowLimits[], processes: number): LocalCount {
    const alone = new LocalCount();
    for (const slots of [known.told, known.untold]) {
      for (const [field, count] of slots) {
        const [, seconds, slot] = SLOT.exec(field) ?? [];
        const limit = limits.find(({ windowMs }) => windowMs === Number(seconds) * 1_000);
        const part = slots === known.told ? count / processes : count;
        if (limit) alone.add(limit, Number(slot) * limit.slotMs, part);
      }
    }
    return alone;
  }

  private of(provider: string, windows: readonly BudgetWindow[]): Known {
    const known = this.known.get(provider) ?? {
      ...{ name: "", windows, told: new Map(), untold: new Map(), alone: null, joining: null },
    };
    this.known.set(provider, known);
    known.windows = windows;
    return known;
  }

  private clock(): number {
    return this.nowMs?.() ?? 0;
  }

  private heard(now: number): void {
    this.aheadMs = now - steadyNow();
  }

  /** The clock of Redis, as far as it is known. */
  private now(): number {
    return this.nowMs?.() ?? steadyNow() + this.aheadMs;
  }
}

function keyOf(provider: string): string {
  return `${PREFIX}:{${provider}}`;
}

function factsOf(seconds: number, limit: WindowLimits | undefined, background: boolean): number[] {
  if (!limit) return [];
  const most = background ? limit.backgroundLimit : limit.limit;
  const { slotMs, shareSlotMs, share, contended, intervalMs, burstMs } = limit;
  return [seconds, slotMs, shareSlotMs, most, share, contended, intervalMs, burstMs];
}

function raise(slots: Slots, field: string, count: number): void {
  if (count > (slots.get(field) ?? 0)) slots.set(field, count);
}

function forgetOld(known: Known, now: number): void {
  for (const field of known.told.keys()) {
    const [, seconds, slot] = SLOT.exec(field) ?? [];
    const { slotMs } = limitsOf({ requests: 1, seconds: Number(seconds) });
    if (Number(slot) <= Math.floor(now / slotMs) - KEPT_SLOTS) known.told.delete(field);
  }
}
