import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { RequestContext } from "../loaders/context";
import type { Caller } from "../services/api";
import type { AnswerCache, AskedQuestion } from "./answer-cache";
import type { Callers } from "./callers";
import type { FreshResponse, HotAnswers } from "./hot-answers";
import { type KeptResponse, keptResponse, keptResponseAtOnce } from "./kept-response";
import type { ResponseType } from "./media-type";
import { type PlainHead, PlainHeads } from "./plain-heads";
import { WholeRequest } from "./whole-request";

/** What answering ahead of the framework needs. `loopbackOnly`: only loopback Hosts are served. */
export interface FirstAnswerParts {
  readonly answers: AnswerCache;
  readonly hot: HotAnswers;
  readonly callerOf: Callers;
  readonly loopbackOnly: boolean;
  readonly isDraining: () => boolean;
  readonly onAnswered: (answer: {
    readonly id: string;
    readonly status: number;
    readonly milliseconds: number;
    /** Whether it was made for this request; else it had been kept. */
    readonly fresh: boolean;
  }) => void;
}

/** An answer, and the id of the request that it is for. */
interface Found {
  readonly id: string;
  readonly fresh: boolean;
  readonly answer: KeptResponse | FreshResponse;
}

/**
 * Answers from the kept answers, and by operations that are asked often, before the framework sees the request, which costs less than
 * half: only the plainest requests, with the framework's own checks, and every other or doubtful one is left to it with its body put back.
 */
export class FirstAnswer {
  private readonly bodies = new WeakMap<IncomingMessage, Buffer>();
  private readonly looked = new WeakMap<IncomingMessage, AskedQuestion>();
  private readonly begun = new WeakMap<IncomingMessage, RequestContext>();
  private readonly heads: PlainHeads;

  constructor(private readonly parts: FirstAnswerParts) {
    this.heads = new PlainHeads(parts.loopbackOnly);
  }

  /** Puts itself before the framework's listener; call it once the framework is ready. */
  before(app: FastifyInstance): void {
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

  /** What was begun to be executed here, but is to be answered by the framework. */
  begunOf(request: IncomingMessage): RequestContext | undefined {
    return this.begun.get(request);
  }

  private meet(request: IncomingMessage, response: ServerResponse, otherwise: () => void): void {
    const head = this.isWanted(request) ? this.heads.of(request) : null;
    if (head === null || !(request instanceof WholeRequest)) {
      otherwise();
      return;
    }
    const arrivedAt = performance.now();
    request.takeBody((body) => {
      const atOnce = this.atOnce(head, body);
      if (atOnce) {
        this.send(response, atOnce, { id: randomUUID(), fresh: false, arrivedAt });
        return;
      }
      this.find(request, head, body).then(
        (found) =>
          found ? this.send(response, found.answer, { ...found, arrivedAt }) : this.leave(request, body, otherwise),
        () => this.leave(request, body, otherwise),
      );
    });
  }

  private leave(request: WholeRequest, body: Buffer, otherwise: () => void): void {
    this.bodies.set(request, body);
    request.endTaken();
    otherwise();
  }

  private isWanted({ method, url }: IncomingMessage): boolean {
    return method === "POST" && url === "/graphql" && !this.parts.isDraining();
  }

  /** The answer where nothing has to be waited for, not even a microtask. */
  private atOnce({ token, type, headers }: PlainHead, body: Buffer): KeptResponse | null {
    const person = this.parts.callerOf.knownPerson(token);
    const kept = person && this.parts.answers.atOnce(person.id, type, body);
    return kept && keptResponseAtOnce(type, kept, headers);
  }

  private async find(request: WholeRequest, head: PlainHead, body: Buffer): Promise<Found | null> {
    const { answers, callerOf, hot } = this.parts;
    const { type, headers, rawHeaders } = head;
    const caller = await callerOf(rawHeaders);
    const id = randomUUID();
    request.id = id;
    const question = await this.question(caller, type, body);
    const kept = question && (await answers.find(question));
    if (kept) return { id, fresh: false, answer: await keptResponse(answers, question, kept, headers) };
    if (question) this.looked.set(request, question);
    const outcome = await hot.of({ id, caller, type, question }, body);
    if (outcome && "begun" in outcome) this.begun.set(request, outcome.begun);
    return outcome && "answer" in outcome ? { id, fresh: true, answer: outcome.answer } : null;
  }

  private async question(caller: Caller, type: ResponseType, body: Buffer): Promise<AskedQuestion | null> {
    const { answers } = this.parts;
    if (caller.kind !== "person" || !answers.keeps) return null;
    return answers.asked({ personId: caller.person.id, type, text: body.toString("latin1") });
  }

  private send(
    response: ServerResponse,
    { status, rawHeaders, bytes }: KeptResponse | FreshResponse,
    { id, fresh, arrivedAt }: Omit<Found, "answer"> & { readonly arrivedAt: number },
  ): void {
    response.writeHead(status, [...rawHeaders, "x-request-id", id]);
    response.end(bytes);
    const { onAnswered } = this.parts;
    // Most often the system has taken all of it by now.
    if (response.socket?.writableLength === 0) {
      onAnswered({ id, status, fresh, milliseconds: performance.now() - arrivedAt });
      return;
    }
    response.on("finish", () => onAnswered({ id, status, fresh, milliseconds: performance.now() - arrivedAt }));
  }
}
