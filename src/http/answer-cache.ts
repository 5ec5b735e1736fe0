import { hash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { LRUCache } from "lru-cache";
import type { AnswerStore } from "../services/ports/answers";
import type { DataVersions, TrustedVersions } from "../services/ports/versions";
import { LastKeys } from "./last-keys";

/** Content codings that answers are kept in, the better first. */
export type Coding = "br" | "gzip";

/** Who asks what: a person, the media type of the answer, and the request to the letter (body, or address). */
export interface Question {
  readonly personId: string;
  readonly type: string;
  readonly text: string;
}

/** A person's data version as it was before any of the answer was read. */
export type AskedQuestion = Question & { readonly version: string };

/** A finished answer. `until`: epoch seconds. Owner, version and build are looked at again whenever it is handed out. */
export interface KeptAnswer {
  readonly personId: string;
  readonly version: string;
  readonly build: string;
  readonly until: number;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly coded: Partial<Record<Coding, Buffer>>;
  /** Responses that were made of it, by how they are sent: theirs who send it. Null where it was not sent yet. */
  sent: Map<string, unknown> | null;
}

/** An answer in this process. */
interface HeldAnswer extends KeptAnswer {
  /** Whether other processes can have it as well. */
  shared: boolean;
}

/** What keeping answers needs. `store`: null where there is only this process; `now`: epoch seconds; `maxBytes`: of this process, 0 to keep none anywhere. */
export interface AnswerCacheParts {
  readonly versions: Pick<DataVersions, "current"> & Partial<TrustedVersions>;
  readonly store: AnswerStore | null;
  readonly build: string;
  readonly now: () => number;
  readonly maxBytes: number;
  readonly onFound?: (layer: "memory" | "shared") => void;
}

const LONGEST_SECONDS = 6 * 3_600;
const LINE_END = 10;

const compressors: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: promisify(gzip),
};

/**
 * Finished answers as bytes. One is handed out only to its owner, at the data version that it was made at, by the build that made it,
 * and while none of it would be asked for again. Other processes can have one from the second time on that it is asked for: most are
 * asked for once, and putting them into the store took a tenth of the time that it takes to make them.
 */
export class AnswerCache {
  private readonly kept: LRUCache<string, HeldAnswer>;
  private readonly lastKeys = new LastKeys();

  constructor(private readonly parts: AnswerCacheParts) {
    this.kept = new LRUCache({
      // To the library 0 is no bound.
      maxSize: Math.max(1, parts.maxBytes),
      sizeCalculation: ({ bytes, coded }, key) =>
        bytes.length + (coded.br?.length ?? 0) + (coded.gzip?.length ?? 0) + Buffer.byteLength(key),
    });
  }

  /** Whether answers are kept at all. */
  get keeps(): boolean {
    return this.parts.maxBytes > 0;
  }

  /** The question at the person's present data version; null where that cannot be confirmed, or no answers are kept. */
  async asked(question: Question): Promise<AskedQuestion | null> {
    if (!this.keeps) return null;
    const { version, confirmed } = await this.parts.versions.current(question.personId);
    return confirmed ? { ...question, version } : null;
  }

  /** The answer to what a person asks by a body that lies in this process, where nothing has to be waited for; null where something has, or none holds. */
  atOnce(personId: string, type: string, body: Buffer): KeptAnswer | null {
    const version = this.keeps ? (this.parts.versions.trusted?.(personId) ?? null) : null;
    if (version === null) return null;
    const key = this.lastKeys.of(personId, type, body, () => keyOf({ personId, type, text: body.toString("latin1") }));
    return this.mine(key, personId, version);
  }

  /** The answer that is kept to a question; null where none holds. */
  async find(question: AskedQuestion): Promise<KeptAnswer | null> {
    const key = keyOf(question);
    const mine = this.mine(key, question.personId, question.version);
    if (mine) return mine;
    const shared = this.parts.store && (await this.parts.store.get(question.personId, digest(key)));
    const answer = shared ? unpack(shared, key) : null;
    if (!answer || !this.holds(answer, question.personId, question.version)) return null;
    this.parts.onFound?.("shared");
    this.kept.set(key, { ...answer, shared: true });
    return answer;
  }

  /** Keeps an answer as long as it holds; the answer as it would be found, null where it does not hold long enough. */
  keep(question: AskedQuestion, body: string, validUntil: number): KeptAnswer | null {
    const now = this.parts.now();
    const until = Math.min(validUntil, now + LONGEST_SECONDS);
    if (until <= now) return null;
    const bytes = Buffer.from(body);
    const { personId, version } = question;
    const { build } = this.parts;
    const etag = `"${digest(bytes)}"`;
    const answer = { personId, version, build, until, etag, bytes, coded: {}, sent: null, shared: false };
    this.kept.set(keyOf(question), answer);
    return answer;
  }

  /** The answer's bytes in a coding, made once. */
  async coded(question: Question, answer: KeptAnswer, coding: Coding): Promise<Buffer> {
    const known = answer.coded[coding];
    if (known) return known;
    const bytes = await compressors[coding](answer.bytes);
    const key = keyOf(question);
    const shared = this.kept.peek(key)?.shared ?? true;
    this.kept.set(key, { ...answer, coded: { ...answer.coded, [coding]: bytes }, shared });
    return bytes;
  }

  private mine(key: string, personId: string, version: string): KeptAnswer | null {
    const mine = this.kept.get(key);
    if (!mine || !this.holds(mine, personId, version)) return null;
    this.parts.onFound?.("memory");
    if (!mine.shared) this.share(key, mine);
    return mine;
  }

  /** Nobody waits for it: the store answers every failure as a miss. */
  private share(key: string, answer: HeldAnswer): void {
    answer.shared = true;
    const seconds = answer.until - this.parts.now();
    if (seconds >= 1) void this.parts.store?.put(answer.personId, digest(key), pack(answer, key), seconds);
  }

  private holds(answer: KeptAnswer, personId: string, version: string): boolean {
    return (
      answer.personId === personId &&
      answer.version === version &&
      answer.build === this.parts.build &&
      this.parts.now() < answer.until
    );
  }
}

function keyOf({ personId, type, text }: Question): string {
  return `${personId} ${type} ${text}`;
}

function digest(of: string | Buffer): string {
  return hash("sha256", of, "base64url");
}

function pack({ personId, version, build, until, etag, bytes }: KeptAnswer, key: string): Buffer {
  const head = JSON.stringify([personId, version, build, until, etag, digest(key)]);
  return Buffer.concat([Buffer.from(`${head}\n`), bytes]);
}

function unpack(packed: Buffer, key: string): KeptAnswer | null {
  const end = packed.indexOf(LINE_END);
  if (end < 0) return null;
  let head: unknown;
  try {
    head = JSON.parse(packed.toString("utf8", 0, end));
  } catch {
    return null;
  }
  if (!Array.isArray(head)) return null;
  const [personId, version, build, until, etag, of] = head as unknown[];
  const texts = [personId, version, build, etag].every((one) => typeof one === "string");
  if (!texts || typeof until !== "number" || of !== digest(key)) return null;
  const bytes = packed.subarray(end + 1);
  // Of another store's mistakes a digest that does not fit is the last to be caught.
  if (etag !== `"${digest(bytes)}"`) return null;
  return { personId, version, build, until, etag, bytes, coded: {}, sent: null } as KeptAnswer;
}
