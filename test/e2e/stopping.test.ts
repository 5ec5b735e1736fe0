import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { daysAgo, FOUR_SCORES, METRICS } from "../support/four-metrics";
import { freePort } from "../support/free-port";
import { type Answer, PROJECT, startGateway, temporaryDirectory } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { programArguments } from "../support/program";
import { freshDatabase } from "../support/services";
import { startVendor } from "../support/vendor";

const RANGE = { start: daysAgo(20), end: daysAgo(1) };

/** Resolves when the next so many requests of this process have been sent and the gateway has read them. */
async function arriving(count: number, url: string): Promise<void> {
  const sent = new Promise<void>((resolve) => {
    let left = count;
    const onSent = () => {
      left -= 1;
      if (left > 0) return;
      unsubscribe("undici:request:bodySent", onSent);
      resolve();
    };
    subscribe("undici:request:bodySent", onSent);
  });
  await sent;
  // What was sent before the first of these is read before the second.
  for (let probe = 0; probe < 2; probe++) await fetch(`${url}/healthz`);
}

test("SIGTERM under load: every request in flight is answered, exit 0 within 15 s", async () => {
  const [vendor, database] = await Promise.all([startVendor(), freshDatabase()]);
  const gateway = await startGateway({ env: { ...vendor.env, DATABASE_URL: database.url } });
  try {
    await linked(gateway, { token: "demo:drained", user: "drained" });
    // Every request takes a second at least, so that all are in flight when the signal comes.
    vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 1_000 });
    const arrived = arriving(50, gateway.url);
    const inFlight = Array.from({ length: 50 }, (_, index) => {
      const range = { start: daysAgo(30 + (index % 5)), end: daysAgo(1) };
      return gateway.graphql(FOUR_SCORES, { range }, "demo:drained");
    });
    await arrived;
    const begun = performance.now();
    const stopped = gateway.stop("SIGTERM");
    const answers: Answer[] = await Promise.all(inFlight);
    expect(await stopped).toBe(0);
    const took = performance.now() - begun;
    const failed = answers.filter(({ status, errors }) => status !== 200 || errors.length > 0);
    console.log(
      `SIGTERM: ${answers.length} requests in flight, ${failed.length} failed, ended after ${Math.round(took)} ms`,
    );
    expect(failed).toEqual([]);
    for (const { data } of answers) expect(data.viewer.sleep.nodes.length).toBeGreaterThan(10);
    expect(took).toBeLessThan(15_000);
    await expect(fetch(`${gateway.url}/healthz`)).rejects.toThrow();
  } finally {
    await gateway.stop("SIGKILL");
    await vendor.simulator.stop();
    await database.drop();
  }
}, 60_000);

test("after kill -9 the next start finds the embedded database, the link and every committed day", async () => {
  const directory = await temporaryDirectory();
  const dataDirectory = join(directory, "data");
  const first = await startGateway({ dataDirectory });
  try {
    await linked(first);
    const before = await first.graphql(FOUR_SCORES, { range: RANGE });
    expect(before.data.viewer.sleep.nodes.length).toBeGreaterThan(10);
    expect(await first.stop("SIGKILL")).toBeNull();
    const second = await startGateway({ dataDirectory });
    console.log(`start after kill -9: ${Math.round(second.startedInMs)} ms`);
    try {
      const after = await second.graphql(FOUR_SCORES, { range: RANGE });
      expect(after.errors).toEqual([]);
      for (const metric of METRICS) expect(after.data.viewer[metric].nodes).toEqual(before.data.viewer[metric].nodes);
      const more = await second.graphql(FOUR_SCORES, { range: { start: daysAgo(50), end: daysAgo(40) } });
      expect(more.data.viewer.sleep).toMatchObject({ issues: [] });
      expect(more.data.viewer.sleep.nodes.length).toBeGreaterThan(5);
    } finally {
      expect(await second.stop()).toBe(0);
    }
  } finally {
    await first.stop("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  }
}, 90_000);

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s before the start is over leaves no embedded database running",
  async (signal) => {
    const directory = await temporaryDirectory();
    const env = { PATH: process.env["PATH"], PORT: String(await freePort()), DATA_DIR: directory, BACKFILL_DAYS: "0" };
    const child = spawn(process.execPath, programArguments("src/main.ts"), { cwd: PROJECT, env, stdio: "ignore" });
    const ended = once(child, "exit");
    try {
      const record = join(directory, "postgres", "postmaster.pid");
      let server = "";
      while (server === "" && child.exitCode === null) {
        await sleep(5);
        [, server = ""] = /^(\d+)\n/.exec(existsSync(record) ? await readFile(record, "utf8") : "") ?? [];
      }
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
      expect(existsSync(record)).toBe(false);
      expect(() => process.kill(Number(server), 0)).toThrow("ESRCH");
    } finally {
      child.kill("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
