import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, Mood } from "../support/outgoing-consumer";
import { OutgoingLoad } from "../support/outgoing-load";
import type { Fault, FaultOptions, Figure } from "./fault";

const FULL = { persons: 500, changes: 20_000, kills: 50, killEveryMs: 2_000 };
const SMALL = { persons: 20, changes: 400, kills: 2, killEveryMs: 2_500 };
const GATEWAYS = 2;
const MOODS: readonly Mood[] = ["failing", "gone", "overloaded", "fine", "silent", "gone", "fine"];
const MOOD_MS = 900;
const PATIENCE_MS = 60_000;

/** A consumer that fails in every way while the gateways that tell it are killed. */
export const fault: Fault = {
  name: "outgoing",
  title: "changes told to a consumer that fails, falls silent and goes away, by gateways that are killed with SIGKILL",
  run,
};

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const size = small ? SMALL : FULL;
  const load = await OutgoingLoad.start({ persons: size.persons, gateways: GATEWAYS });
  try {
    say(`${GATEWAYS} gateways, two consumers, ${size.persons} people`);
    let over = false;
    const moods = brooding(load.failing, () => over);
    const killing = killed(load, size, say);
    await Promise.all([committed(load, size), killing]);
    over = true;
    await moods;
    await load.failing.behave("fine");
    say(`${load.committed.length} changes committed, ${load.kills} gateways killed; the consumer is well again`);
    await delivered(load, say);
    return figures(load, size, await load.left());
  } finally {
    await load.end();
  }
}

async function brooding(consumer: Consumer, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn += 1) {
    await consumer.behave(MOODS[turn % MOODS.length] ?? "fine");
    await sleep(MOOD_MS);
    // On a busy machine the first message may come late: it fails until one has met that.
    for (let waited = 0; consumer.refused === 0 && waited < PATIENCE_MS; waited += 50) await sleep(50);
  }
}

async function killed(load: OutgoingLoad, { kills, killEveryMs }: typeof FULL, say: FaultOptions["say"]) {
  while (load.kills < kills) {
    await sleep(killEveryMs);
    const before = load.kills;
    await load.kill();
    if (load.kills > before && load.kills % 10 === 0)
      say(`${load.kills} killed, ${load.committed.length} changes committed`);
  }
}

/** Spread over the time of the kills. */
async function committed(load: OutgoingLoad, { changes, kills, killEveryMs }: typeof FULL): Promise<void> {
  const begun = performance.now();
  for (let n = 0; n < changes; n += 1) {
    const due = begun + (n / changes) * kills * killEveryMs;
    if (due > performance.now() + 5) await sleep(due - performance.now());
    await load.change(n);
  }
}

/** Until nothing is left, or nothing has moved for long. */
async function delivered(load: OutgoingLoad, say: FaultOptions["say"]): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let moved = performance.now();
  for (let left = await load.left(); left > 0; left = await load.left()) {
    if (left < least) [least, moved] = [left, performance.now()];
    if (performance.now() - moved > PATIENCE_MS) return;
    await load.passTime();
    await sleep(1_000);
    if (Math.random() < 0.1) say(`${left} left`);
  }
}

interface Told {
  readonly data: { readonly user: { readonly externalId: string }; readonly changes: readonly { day: string }[] };
}

/** What a message tells of, as person and day. */
function toldBy(body: string): string[] {
  const { data }: Told = JSON.parse(body);
  return data.changes.map(({ day }) => `${data.user.externalId} ${day}`);
}

function figures(load: OutgoingLoad, { kills }: typeof FULL, left: number): Figure[] {
  const all = load.committed.length;
  const of = (name: string, consumer: Consumer): Figure[] => {
    const told = new Map<string, Set<string>>();
    for (const { id, body } of consumer.accepted) {
      for (const change of toldBy(body)) told.set(change, (told.get(change) ?? new Set()).add(id));
    }
    const lost = load.committed.filter((change) => !told.has(change)).length;
    const twice = [...told.values()].filter((ids) => ids.size > 1).length;
    const changing = [...consumer.bodies.values()].filter((bodies) => bodies.size > 1).length;
    return [
      figure(`changes told to the ${name} consumer, of ${all}`, told.size, all),
      figure(`changes lost to the ${name} consumer`, lost, 0),
      figure(`changes told under two webhook-ids (${name})`, twice, 0),
      figure(`webhook-ids with two bodies (${name})`, changing, 0),
      figure(`signatures refused by the reference library (${name})`, consumer.forged, 0),
    ];
  };
  const repeated = load.failing.accepted.length - new Set(load.failing.accepted.map(({ id }) => id)).size;
  return [
    { name: "gateways killed", value: String(load.kills), target: `>= ${kills}`, reached: load.kills >= kills },
    {
      name: "attempts refused by the failing consumer",
      value: String(load.failing.refused),
      target: "some",
      reached: load.failing.refused > 0,
    },
    ...of("failing", load.failing),
    ...of("steady", load.steady),
    figure("out of a person's order at the steady consumer", disorder(load.steady), 0),
    figure("deliveries left", left, 0),
    { name: "messages accepted twice", value: String(repeated), target: "at least once", reached: true },
  ];
}

function figure(name: string, value: number, target: number): Figure {
  return { name, value: String(value), target: String(target), reached: value === target };
}

/** Messages that first came after a later one of the same person. */
function disorder({ accepted }: Consumer): number {
  const seen = new Set<string>();
  const last = new Map<string, string>();
  let count = 0;
  for (const { id, body } of accepted) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const change of toldBy(body)) {
      const [person = "", day = ""] = change.split(" ");
      if (day < (last.get(person) ?? "")) count += 1;
      last.set(person, day);
    }
  }
  return count;
}
