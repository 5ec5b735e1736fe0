import { setTimeout as sleep } from "node:timers/promises";
import { type GatewayProcess, startGateway, temporaryDirectory } from "../support/gateway-process";
import { type HarnessDatabase, harnessDatabase } from "../support/harness-database";
import { NoticeLedger, type Verdict } from "../support/notice-ledger";
import { NoticeSender } from "../support/notice-sender";
import { type Notice, TellingVendor } from "../support/telling-vendor";
import type { Fault, FaultOptions, Figure } from "./fault";

interface Size {
  readonly notices: number;
  readonly users: number;
  readonly days: number;
  /** Notices on their way at once, and sent in a second of service. */
  readonly atOnce: number;
  readonly perSecond: number;
  /** Kills after which the gateway is left alone. */
  readonly mostKills: number;
}

const FULL: Size = {
  notices: 20_000,
  users: 25,
  days: 20,
  atOnce: 32,
  perSecond: 300,
  mostKills: Number.POSITIVE_INFINITY,
};
const SMALL: Size = { notices: 1_000, users: 4, days: 10, atOnce: 16, perSecond: 200, mostKills: 4 };
/** Milliseconds from the moment that the gateway answers to its kill, at random between them. */
const LIFE = { shortest: 500, longest: 1_500 };
/** One document of so many is deleted in the end; every so manieth notice is sent again after it was acknowledged. */
const DELETED = 10;
const REPEATED = 10;
/** Milliseconds within which everything must be worked off after the last kill. */
const PATIENCE_MS = 180_000;

/** Notices that are acknowledged while the process dies again and again. */
export const fault: Fault = { name: "webhooks", title: "kill -9 of the gateway about every second of service", run };

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const size = small ? SMALL : FULL;
  const vendor = await TellingVendor.start(size.users, size.days);
  const database = await harnessDatabase();
  const stage = new Stage(vendor, database, size, say);
  try {
    return figures(size, await stage.play(), stage);
  } finally {
    await stage.end();
    await vendor.stop();
    await database.end();
  }
}

function figures(size: Size, verdict: Verdict, { kills, servedMs }: Stage): Figure[] {
  const zero = (name: string, count: number, of: string): Figure => ({
    ...{ name, value: `${count} of ${of}`, target: `0 of ${of}`, reached: count === 0 },
  });
  const seconds = servedMs / 1_000;
  return [
    zero("acknowledged and lost", verdict.lost, `${size.notices} notices`),
    zero("worked off twice", verdict.doneTwice, `${size.notices} notices`),
    zero("applied twice", verdict.appliedTwice, `${verdict.effects} changes`),
    zero("days that the change feed tells otherwise", verdict.toldOtherwise, `${size.users * size.days} days`),
    {
      name: "kill -9",
      value: `${kills} in ${seconds.toFixed(0)} s of service`,
      target: "about one a second",
      reached: kills >= seconds / 2 && kills >= 3,
    },
  ];
}

class Stage {
  kills = 0;
  servedMs = 0;
  private gateway: GatewayProcess | null = null;
  private ledger: NoticeLedger | null = null;
  private sender: NoticeSender | null = null;
  private directory = "";
  private acknowledged: Notice[] = [];

  constructor(
    private readonly vendor: TellingVendor,
    private readonly database: HarnessDatabase,
    private readonly size: Size,
    private readonly say: (line: string) => void,
  ) {}

  async play(): Promise<Verdict> {
    this.directory = await temporaryDirectory();
    this.gateway = await this.start();
    await this.vendor.link(this.gateway);
    this.ledger = await NoticeLedger.open(this.database.adminUrl);
    this.sender = new NoticeSender(this.vendor, this.gateway.port);
    this.say(`${this.size.users} people are linked; ${this.size.notices} notices follow`);
    const sent = { all: false };
    const delivering = this.deliverAll(this.sender).finally(() => {
      sent.all = true;
    });
    await Promise.all([delivering, this.killAgainAndAgain(this.gateway, () => sent.all)]);
    const failures = [...this.sender.failures].map(([status, count]) => `${count} of status ${status}`);
    this.say(
      `acknowledged all after ${failures.join(", ")} (0: no answer); ${this.vendor.asked} requests to the vendor`,
    );
    await this.workedOff(this.ledger);
    return this.ledger.judge(this.acknowledged);
  }

  async end(): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    this.sender?.close();
    await this.ledger?.close();
  }

  private start(): Promise<GatewayProcess> {
    const env = { DATABASE_URL: this.database.url, LOG_LEVEL: "error", ...this.vendor.env };
    const port = this.gateway?.port;
    return startGateway({ env, dataDirectory: this.directory, ...(port === undefined ? {} : { port }) });
  }

  private async killAgainAndAgain(first: GatewayProcess, isOver: () => boolean): Promise<void> {
    for (let gateway = first; !isOver() && this.kills < this.size.mostKills; ) {
      const begun = performance.now();
      await sleep(LIFE.shortest + Math.random() * (LIFE.longest - LIFE.shortest));
      this.servedMs += performance.now() - begun;
      await gateway.stop("SIGKILL");
      this.kills += 1;
      gateway = await this.start();
      this.gateway = gateway;
      if (this.kills % 10 === 0) this.say(`killed ${this.kills} times, ${this.acknowledged.length} acknowledged`);
    }
  }

  /** Everything that the vendor tells, in the order of its changes, several at once. */
  private async deliverAll(sender: NoticeSender): Promise<void> {
    const { notices, atOnce, perSecond } = this.size;
    const documents = this.vendor.documents.flat();
    let told = 0;
    const turn = async () => {
      while (told < notices) {
        const document = documents[told % documents.length];
        if (!document) throw new RangeError("expected documents");
        const isLast = told >= notices - documents.length;
        const isDeleted = isLast && told % DELETED === 0;
        told += 1;
        const repeated = told % REPEATED === 0;
        const notice = this.vendor.tell(document, isDeleted ? "delete" : "change");
        await sender.deliver(notice);
        this.acknowledged.push(notice);
        if (repeated) await sender.deliver(notice);
        await sleep((1_000 * atOnce) / perSecond);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, turn));
  }

  private async workedOff(ledger: NoticeLedger): Promise<void> {
    const begun = performance.now();
    for (let waiting = await ledger.waiting(); waiting > 0; waiting = await ledger.waiting()) {
      if (performance.now() - begun > PATIENCE_MS) {
        this.say(`${waiting} notices still wait: ${this.gateway?.output().slice(-1_000)}`);
        return;
      }
      await sleep(500);
    }
    this.say(
      `everything worked off ${((performance.now() - begun) / 1_000).toFixed(1)} s after the last acknowledgement`,
    );
  }
}
