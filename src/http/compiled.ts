import { type DocumentNode, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import { LRUCache } from "lru-cache";
import { mayBeKept } from "../../schema/kept";
import type { RequestContext } from "../loaders/context";
import { conditionVariables, plainOperation, type Variables } from "./plain-operation";
import { plainSchema } from "./plain-schema";

/** Uses of an operation after which it is compiled. */
const USES_BEFORE_COMPILING = 3;
/** Compiling takes a millisecond for some fields, in which nothing else is done: after it comes a pause, so many times as long. */
const PAUSE_FACTOR = 20;
/** Fields that compiled forms have together at most, of some 7 kB each; an operation that is not compiled yet counts as one. */
const MAX_FIELDS_HELD = 4_000;

interface Known {
  readonly number: number;
  readonly conditions: readonly string[];
  kept: boolean | null;
}

interface Form {
  uses: number;
  /** Null where it cannot be compiled; undefined where it has not been tried. */
  compiled: CompiledQuery | null | undefined;
}

/**
 * What is known of operations as long as their documents are: whether their answers may be kept, and a faster way to execute them.
 *
 * The compiler gets plain fields alone: it merges conditions of repeated fields and fragments wrongly, and it writes values of arguments
 * and variables into code, out of which a string can break. So conditions, fragments, arguments and variables never reach it.
 */
export class Operations {
  private readonly known = new WeakMap<OperationDefinitionNode, Known>();
  private readonly forms = new LRUCache<string, Form>({ maxSize: MAX_FIELDS_HELD });
  private readonly plain: GraphQLSchema;
  private met = 0;
  private pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly onFault: (where: string, error: unknown) => void,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.plain = plainSchema(schema);
  }

  /** Whether the answer to an operation may be kept at all. */
  mayBeKept(document: DocumentNode, operation: OperationDefinitionNode): boolean {
    const known = this.of(document, operation);
    known.kept ??= mayBeKept(this.schema, document, operation);
    return known.kept;
  }

  /**
   * Executes an operation that is asked often by its compiled form; null where it has none, or where anything went wrong: errors are
   * told by the reference executor, whose answer this one's otherwise is.
   */
  async execute(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    context: RequestContext,
    given: Variables,
  ): Promise<{ data: Record<string, unknown> } | null> {
    if (operation.operation !== "query") return null;
    const declared = operation.variableDefinitions ?? [];
    // One error is enough to leave it to the reference, and to word thousands takes minutes.
    const { coerced: variables } = getVariableValues(this.schema, declared, given, { maxErrors: 1 });
    const compiled = variables && this.compiledOf(document, operation, variables);
    if (!compiled) return null;
    const result = await compiled.query({}, { context, variables }, {});
    return result.errors || !result.data ? null : { data: result.data };
  }

  private of(document: DocumentNode, operation: OperationDefinitionNode): Known {
    let known = this.known.get(operation);
    if (!known) {
      this.met += 1;
      known = { number: this.met, conditions: conditionVariables(document), kept: null };
      this.known.set(operation, known);
    }
    return known;
  }

  private compiledOf(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Variables,
  ): CompiledQuery | null {
    const { number, conditions } = this.of(document, operation);
    const key = `${number} ${conditions.map((name) => variables[name]).join(" ")}`;
    const form = this.forms.get(key) ?? { uses: 0, compiled: undefined };
    if (form.uses === 0) this.forms.set(key, form, { size: 1 });
    form.uses += 1;
    if (form.compiled !== undefined) return form.compiled;
    const startedAt = this.clock();
    if (form.uses <= USES_BEFORE_COMPILING || startedAt < this.pausedUntil) return null;
    const plain = plainOperation(this.schema, document, operation, variables);
    form.compiled = plain && this.compile(plain.document);
    this.forms.set(key, form, { size: form.compiled && plain ? plain.fields + 1 : 1 });
    const now = this.clock();
    this.pausedUntil = now + (now - startedAt) * PAUSE_FACTOR;
    return form.compiled;
  }

  private compile(plain: DocumentNode): CompiledQuery | null {
    try {
      const compiled = compileQuery(this.plain, plain, undefined, { disablingCapturingStackErrors: true });
      if (isCompiledQuery(compiled)) return compiled;
      throw new Error("the operation cannot be compiled");
    } catch (error) {
      this.onFault("compiling an operation", error);
      return null;
    }
  }
}
