import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Caller } from "../services/api";
import type { AnswerCache, AskedQuestion } from "./answer-cache";
import { COMMON_HEADERS } from "./headers";
import { MAX_BODY_BYTES } from "./json-body";
import { type KeptResponse, keptResponse } from "./kept-response";
import { chosenResponseType, type ResponseType } from "./media-type";
import { isLoopbackHost } from "./origins";

/** What answering ahead of the framework needs. `loopbackOnly`: only loopback Hosts are served. */
export interface FirstAnswerParts {
  readonly answers: AnswerCache;
  readonly callerOf: (rawHeaders: readonly string[]) => Promise<Caller>;
  readonly loopbackOnly: boolean;
  readonly isDraining: () => boolean;
  readonly onAnswered: (answer: {
    readonly id: string;
    readonly status: number;
    readonly milliseconds: number;
  }) => void;
}

const PLAIN_HOST = /^[A-Za-z0-9.-]{1,255}(?::\d{1,5})?$/;
const DIGITS = /^\d{1,6}$/;
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
/** Headers with which a request is more than the usual: a page of another origin, a coded body. */
const UNUSUAL = ["origin", "content-encoding", "transfer-encoding", "expect"] as const;

/**
 * Answers from the kept answers before the framework sees the request, which costs less than half: only the plainest requests, with
 * the framework's own checks, and every other or doubtful one is left to it with its body put back.
 */
export class FirstAnswer {
  private readonly bodies = new WeakMap<IncomingMessage, Buffer>();
  private readonly looked = new WeakMap<IncomingMessage, AskedQuestion>();

  constructor(private readonly parts: FirstAnswerParts) {}

  /** Puts itself before the framework's listener; call it once the framework is ready. */
  before(app: FastifyInstance): void {
    if (!this.parts.answers.keeps) return;
    const [listener] = app.server.listeners("request") as RequestListener[];
    if (!listener) throw new Error("expected the framework to listen for requests");
    app.server.removeListener("request", listener);
    app.server.on("request", (request, response) => this.meet(request, response, () => listener(request, response)));
  }

  /** The body of a request that was read here; null where none was. */
  bodyOf(request: IncomingMessage): Readable | null {
    const body = this.bodies.get(request);
    return body ? Object.assign(Readable.from([body]), { receivedEncodedLength: body.length }) : null;
  }

  /** What was looked for here in vain. */
  missed(request: IncomingMessage): AskedQuestion | undefined {
    return this.looked.get(request);
  }

  private meet(request: IncomingMessage, response: ServerResponse, otherwise: () => void): void {
    const type = this.isPlain(request) ? chosenResponseType(request.headers.accept) : null;
    if (type === null) {
      otherwise();
      return;
    }
    const arrivedAt = performance.now();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      this.find(request, type, body).then(
        (kept) => (kept ? this.send(response, kept, arrivedAt) : this.leave(request, body, otherwise)),
        () => this.leave(request, body, otherwise),
      );
    });
  }

  private leave(request: IncomingMessage, body: Buffer, otherwise: () => void): void {
    this.bodies.set(request, body);
    otherwise();
  }

  private isPlain({ method, url, headers }: IncomingMessage): boolean {
    if (method !== "POST" || url !== "/graphql" || this.parts.isDraining()) return false;
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return false;
    const { host = "", "content-type": contentType = "", "content-length": length = "" } = headers;
    if (!(this.parts.loopbackOnly ? isLoopbackHost(host) : PLAIN_HOST.test(host))) return false;
    return JSON_TYPE.test(contentType) && DIGITS.test(length) && Number(length) <= MAX_BODY_BYTES;
  }

  private async find(request: IncomingMessage, type: ResponseType, body: Buffer): Promise<KeptResponse | null> {
    const { answers, callerOf } = this.parts;
    const caller = await callerOf(request.rawHeaders);
    if (caller.kind !== "person") return null;
    const question = await answers.asked({ personId: caller.person.id, type, text: body.toString("latin1") });
    if (!question) return null;
    const kept = await answers.find(question);
    if (kept) return keptResponse(answers, question, kept, request.headers);
    this.looked.set(request, question);
    return null;
  }

  private send(response: ServerResponse, { status, headers, bytes }: KeptResponse, arrivedAt: number): void {
    const id = randomUUID();
    response.on("finish", () => {
      this.parts.onAnswered({ id, status, milliseconds: performance.now() - arrivedAt });
    });
    const all: Record<string, string | number> = { ...COMMON_HEADERS, ...headers, "x-request-id": id };
    if (bytes) all["content-length"] = bytes.length;
    response.writeHead(status, all);
    response.end(bytes);
  }
}
