import { setTimeout as sleep } from "node:timers/promises";
import { type GatewayProcess, startGateway } from "../support/gateway-process";
import { harnessDatabase } from "../support/harness-database";
import { NoticeSender } from "../support/notice-sender";
import { TellingVendor } from "../support/telling-vendor";
import type { Fault, FaultOptions, Figure } from "./fault";

const PER_SECOND = 300;
const TARGET_MS = 250;
const FULL = { seconds: 30, users: 100, days: 30 };
const SMALL = { seconds: 4, users: 10, days: 30 };

/** Notices at a steady rate, whose documents are read from the vendor by the same process meanwhile. */
export const fault: Fault = {
  name: "acknowledge",
  title: `${PER_SECOND} signed webhooks a second, worked off by the same process`,
  run,
};

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const { seconds, users, days } = small ? SMALL : FULL;
  const vendor = await TellingVendor.start(users, days);
  const database = await harnessDatabase();
  let gateway: GatewayProcess | null = null;
  try {
    const env = { DATABASE_URL: database.url, LOG_LEVEL: "error", ...vendor.env };
    gateway = await startGateway({ env });
    await vendor.link(gateway);
    say(`${users} people are linked`);
    // Compiles what first notices compile.
    await offer(vendor, gateway.port, PER_SECOND);
    const before = vendor.asked;
    const { times, refused, tookMs } = await offer(vendor, gateway.port, PER_SECOND * seconds);
    say(
      `sent ${times.length + refused} in ${(tookMs / 1_000).toFixed(1)} s; ${vendor.asked - before} requests to the vendor`,
    );
    const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => quantile(times, share));
    return [
      {
        name: `acknowledgement p99 at ${PER_SECOND}/s`,
        value: `${p99?.toFixed(0)} ms (p50 ${p50?.toFixed(0)}, longest ${longest?.toFixed(0)})`,
        target: `${TARGET_MS} ms at most`,
        reached: small || (p99 ?? Number.POSITIVE_INFINITY) <= TARGET_MS,
      },
      {
        name: "not acknowledged",
        value: `${refused} of ${times.length + refused}`,
        target: `0 of ${times.length + refused}`,
        reached: refused === 0,
      },
    ];
  } finally {
    await gateway?.stop();
    await vendor.stop();
    await database.end();
  }
}

/** Sends so many notices, each at its time, whatever became of those before; how long each took from the moment that it was due. */
async function offer(vendor: TellingVendor, port: number, count: number) {
  const sender = new NoticeSender(vendor, port);
  const documents = vendor.documents.flat();
  const [times, sending]: [number[], Promise<void>[]] = [[], []];
  let refused = 0;
  const begun = performance.now();
  for (let sent = 0; sent < count; sent++) {
    const due = begun + (sent * 1_000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    // One user after the other: what comes of one user together is worked off together, which would be easier.
    const document = documents[(sent * 31) % documents.length];
    if (!document) throw new RangeError("expected documents");
    const posting = sender.post(vendor.tell(document)).then((status) => {
      if (status === 200) times.push(performance.now() - due);
      else refused += 1;
    });
    sending.push(posting);
  }
  await Promise.all(sending);
  sender.close();
  return { times, refused, tookMs: performance.now() - begun };
}

/** The smallest value that a share of all does not exceed. */
function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
