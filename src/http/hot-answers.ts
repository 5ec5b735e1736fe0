import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { LRUCache } from "lru-cache";
import { refuseCostly } from "../../schema/limits";
import { createRequestContext, type RequestContext } from "../loaders/context";
import type { Caller, Services } from "../services/api";
import type { AnswerCache, AskedQuestion, KeptAnswer } from "./answer-cache";
import { type Operations, printedBody } from "./compiled";
import { COMMON_HEADERS } from "./headers";
import { parseJsonBody } from "./json-body";
import { keptHeaders } from "./kept-response";
import type { ResponseType } from "./media-type";
import type { HttpMetrics } from "./metrics";
import type { PersistedOperations } from "./persisted";
import type { Variables } from "./plain-operation";

/** Characters of documents that are remembered at most, each with 170 bytes of what it was read to at the most. */
const MAX_TEXT = 200_000;

/** A document that the GraphQL server has accepted, and the operation that it chose of it. */
interface Accepted {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Operations that the GraphQL server has answered by their compiled form, by the text and the name that asked for them. */
export class HotOperations {
  private readonly byText = new LRUCache<string, Map<string | null, Accepted>>({
    maxSize: MAX_TEXT,
    sizeCalculation: (_accepted, text) => text.length + 1,
  });

  /** Remembers one. `name`: the operation's, null where the request named none. */
  remember(text: string, name: string | null, accepted: Accepted): void {
    const known = this.byText.get(text);
    if (known) known.set(name, accepted);
    else this.byText.set(text, new Map([[name, accepted]]));
  }

  /** What the server made of this text and name; undefined where it has not met them, or not often. */
  find(text: string, name: string | null): Accepted | undefined {
    return this.byText.get(text)?.get(name);
  }
}

/** All that the body of a plain request says. */
const MEMBERS: ReadonlySet<string> = new Set(["query", "operationName", "variables", "extensions"]);

/** What answering by compiled operations needs. */
export interface HotAnswerParts {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly operations: Operations;
  readonly hot: HotOperations;
  readonly answers: AnswerCache;
  readonly metrics: Pick<HttpMetrics, "operation">;
  /** Null where none are registered. */
  readonly persisted: PersistedOperations | null;
}

/** Who asks, and how the answer is to come. `question`: null where it is not to be kept. */
export interface HotRequest {
  readonly id: string;
  readonly caller: Caller;
  readonly type: ResponseType;
  readonly question: AskedQuestion | null;
}

/** An answer of status 200 that was made just now. `rawHeaders`: name, value, name, value… */
export interface FreshResponse {
  readonly status: 200;
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
}

/** An answer, or how far one has come that the GraphQL server has to give: what was read for it need not be read again. */
export type HotOutcome = { readonly answer: FreshResponse } | { readonly begun: RequestContext };

/**
 * Executes what is asked often by its compiled form without framework and GraphQL server, which take longer than most of it: the same
 * answers, for what is otherwise in any way is left to them.
 */
export class HotAnswers {
  constructor(private readonly parts: HotAnswerParts) {}

  /** The answer; null where the GraphQL server has to give it from the beginning. Throws where it would answer an error. */
  async of({ id, caller, type, question }: HotRequest, body: Buffer): Promise<HotOutcome | null> {
    const { schema, services, operations, answers, metrics } = this.parts;
    const begun = performance.now();
    const asked = this.asked(body);
    if (!asked) return null;
    const { document, operation, variables } = asked;
    refuseCostly(schema, document, operation, variables);
    const context = createRequestContext(services, caller, id);
    const result = await operations.execute(document, operation, context, variables);
    if (!result) return { begun: context };
    // A request outlives its answer by a while, and what it refers to would be taken for old.
    context.loaders.forget();
    const validUntil = operations.mayBeKept(document, operation) ? context.validity.ends : 0;
    const text = printedBody(result.data);
    const kept = question && answers.keep(question, text, validUntil);
    metrics.operation("query", "ok", (performance.now() - begun) / 1_000);
    return { answer: freshResponse(type, kept?.bytes ?? Buffer.from(text), kept) };
  }

  private asked(body: Buffer): (Accepted & { readonly variables: Variables }) | null {
    const { persisted, hot } = this.parts;
    const plain = parseJsonBody(body);
    if (!isObject(plain) || !Object.keys(plain).every((name) => MEMBERS.has(name))) return null;
    const { query, operationName = null, variables = null, extensions } = plain;
    if (extensions !== undefined && !(persisted && isObject(extensions))) return null;
    const text = persisted ? persisted.documentOf(plain) : query;
    if (typeof text !== "string" || !(operationName === null || typeof operationName === "string")) return null;
    const accepted = hot.find(text, operationName);
    if (!accepted || !(variables === null || isObject(variables))) return null;
    return { ...accepted, variables: variables ?? {} };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const COMMON = Object.entries(COMMON_HEADERS).flat();

/** `kept`: null where the answer is not kept. */
function freshResponse(type: ResponseType, bytes: Buffer, kept: Pick<KeptAnswer, "etag"> | null): FreshResponse {
  const own = kept ? Object.entries({ ...COMMON_HEADERS, ...keptHeaders(kept) }).flat() : COMMON;
  const rawHeaders = [...own, "content-type", `${type}; charset=utf-8`, "content-length", String(bytes.length)];
  return { status: 200, rawHeaders, bytes };
}
