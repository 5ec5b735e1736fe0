import { measureHanging } from "../support/hanging";

const ROUNDS = 4;
const ms = (value: number) => `${Math.round(value)} ms`;
const times = (value: number, of: number) => `${(value / of).toFixed(2)} times`;

async function main(): Promise<void> {
  const { usual, first, open, alone, longestAlone } = await measureHanging(ROUNDS, "WHOOP", ({ sleep }) => {
    const issue = sleep.issues.find(({ provider }) => provider === "WHOOP");
    if (issue?.code !== "PROVIDER_UNAVAILABLE") throw new Error("expected WHOOP as an issue of every answer");
  });
  const lines = [
    "Four wearables, 30 days, four metrics, nothing known before; WHOOP hangs. Medians, each of a person of its own.",
    `nothing hangs                      ${ms(usual)}`,
    `first answers                      ${ms(first)}: ${ms(first - usual)} more (at most 2500 ms of waiting)`,
    `its circuit is open                ${ms(open)}: ${times(open, usual)} the usual`,
    `providers: [OURA], nothing hangs   ${ms(alone.usual)}`,
    `providers: [OURA], WHOOP hangs     ${ms(alone.first)}: ${times(alone.first, alone.usual)} the usual`,
    `providers: [OURA], circuit open    ${ms(alone.open)}: ${times(alone.open, alone.usual)} the usual`,
    `providers: [OURA], the longest     ${ms(longestAlone)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

void main();
