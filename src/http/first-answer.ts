import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { AnswerCache, AskedQuestion } from "./answer-cache";
import type { Callers } from "./callers";
import { MAX_BODY_BYTES } from "./json-body";
import { type KeptResponse, keptResponse, keptResponseAtOnce } from "./kept-response";
import { chosenResponseType, type ResponseType } from "./media-type";
import { isLoopbackHost } from "./origins";
import { WholeRequest } from "./whole-request";

/** What answering ahead of the framework needs. `loopbackOnly`: only loopback Hosts are served. */
export interface FirstAnswerParts {
  readonly answers: AnswerCache;
  readonly callerOf: Callers;
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
    if (type === null || !(request instanceof WholeRequest)) {
      otherwise();
      return;
    }
    const arrivedAt = performance.now();
    request.takeBody((body) => {
      const atOnce = this.atOnce(request, type, body);
      if (atOnce) {
        this.send(response, atOnce, arrivedAt);
        return;
      }
      this.find(request, type, body).then(
        (kept) => (kept ? this.send(response, kept, arrivedAt) : this.leave(request, body, otherwise)),
        () => this.leave(request, body, otherwise),
      );
    });
  }

  private leave(request: WholeRequest, body: Buffer, otherwise: () => void): void {
    this.bodies.set(request, body);
    request.endTaken();
    otherwise();
  }

  private isPlain({ method, url, headers }: IncomingMessage): boolean {
    if (method !== "POST" || url !== "/graphql" || this.parts.isDraining()) return false;
    if (UNUSUAL.some((name) => headers[name] !== undefined)) return false;
    const { host = "", "content-type": contentType = "", "content-length": length = "" } = headers;
    if (!(this.parts.loopbackOnly ? isLoopbackHost(host) : PLAIN_HOST.test(host))) return false;
    return JSON_TYPE.test(contentType) && DIGITS.test(length) && Number(length) <= MAX_BODY_BYTES;
  }

  /** The answer where nothing has to be waited for, not even a microtask. */
  private atOnce(request: IncomingMessage, type: ResponseType, body: Buffer): KeptResponse | null {
    try {
      const person = this.parts.callerOf.knownPerson(request.rawHeaders);
      const kept = person && this.parts.answers.atOnce(person.id, type, body);
      return kept && keptResponseAtOnce(type, kept, request.headers);
    } catch {
      // Credentials that cannot be accepted: whoever answers them says why.
      return null;
    }
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

  private send(response: ServerResponse, { status, rawHeaders, bytes }: KeptResponse, arrivedAt: number): void {
    const id = randomUUID();
    response.on("finish", () => {
      this.parts.onAnswered({ id, status, milliseconds: performance.now() - arrivedAt });
    });
    response.writeHead(status, [...rawHeaders, "x-request-id", id]);
    response.end(bytes);
  }
}
