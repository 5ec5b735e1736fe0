import { fault as acknowledge } from "../faults/acknowledge.fault";
import type { Fault } from "../faults/fault";
import { fault as webhooks } from "../faults/webhooks.fault";

/** Plays a fault small, and shows what was measured. */
async function played(fault: Fault) {
  const said: string[] = [];
  const figures = await fault.run({ small: true, say: (line) => said.push(line) });
  const measured = figures.map(({ name, value, target }) => `${name}: ${value} (target ${target})`);
  process.stdout.write(`${[fault.title, ...said, ...measured].join("\n  ")}\n`);
  return figures;
}

test("killed again and again, the gateway loses no webhook that it acknowledged, and applies none twice", async () => {
  const figures = await played(webhooks);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 300_000);

test("300 webhooks a second are all acknowledged", async () => {
  const figures = await played(acknowledge);
  expect(figures.filter(({ reached }) => !reached)).toEqual([]);
}, 120_000);
