import { type DocumentNode, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import { LRUCache } from "lru-cache";
import { mayBeKept } from "../../schema/kept";
import type { RequestContext } from "../loaders/context";
import { conditionVariables, plainOperation, type Variables } from "./plain-operation";
import { plainSchema } from "./plain-schema";

/** Uses of an operation after which it is compiled. */
const USES_BEFORE_COMPILING = 3;
/** Compiling takes milliseconds in which nothing else is done: never more than once in so many. */
const COMPILE_EVERY_MS = 250;
/** Operations, told apart by the values of their conditions, that uses are counted of and compiled forms are held of. */
const MAX_FORMS = 256;

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
  private readonly forms = new LRUCache<string, Form>({ max: MAX_FORMS });
  private readonly plain: GraphQLSchema;
  private met = 0;
  private compiledAt = Number.NEGATIVE_INFINITY;

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
    const { coerced: variables } = getVariableValues(this.schema, operation.variableDefinitions ?? [], given);
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
    if (form.uses === 0) this.forms.set(key, form);
    form.uses += 1;
    if (form.compiled !== undefined) return form.compiled;
    if (form.uses <= USES_BEFORE_COMPILING || this.clock() - this.compiledAt < COMPILE_EVERY_MS) return null;
    this.compiledAt = this.clock();
    form.compiled = this.compile(document, operation, variables);
    return form.compiled;
  }

  private compile(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Variables,
  ): CompiledQuery | null {
    const plain = plainOperation(this.schema, document, operation, variables);
    if (!plain) return null;
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
