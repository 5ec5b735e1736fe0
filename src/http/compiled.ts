import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import { mayBeKept } from "../../schema/kept";
import type { RequestContext } from "../loaders/context";

/** Uses of an operation after which it is compiled. */
const USES_BEFORE_COMPILING = 3;
/** Compiling takes milliseconds in which nothing else is done: never more than once in so many. */
const COMPILE_EVERY_MS = 250;

interface Known {
  uses: number;
  kept: boolean | null;
  /** Null where it cannot be compiled; undefined where it has not been tried. */
  compiled: CompiledQuery | null | undefined;
}

/** What is known of operations as long as their documents are: whether their answers may be kept, and a faster way to execute them. */
export class Operations {
  private readonly known = new WeakMap<OperationDefinitionNode, Known>();
  private compiledAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly onFault: (where: string, error: unknown) => void,
  ) {}

  /** Whether the answer to an operation may be kept at all. */
  mayBeKept(document: DocumentNode, operation: OperationDefinitionNode): boolean {
    const known = this.of(operation);
    known.kept ??= mayBeKept(this.schema, document, operation);
    return known.kept;
  }

  /**
   * Executes an operation that is asked often by its compiled form; null where it is none, or where anything went wrong: errors are
   * told by the reference executor, whose answer this one's otherwise is.
   */
  async execute(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    context: RequestContext,
    variables: Readonly<Record<string, unknown>>,
  ): Promise<{ data: Record<string, unknown> } | null> {
    if (operation.operation !== "query") return null;
    const compiled = this.compiledOf(document, operation);
    if (!compiled) return null;
    const result = await compiled.query({}, context, variables);
    return result.errors || !result.data ? null : { data: result.data };
  }

  private of(operation: OperationDefinitionNode): Known {
    const known = this.known.get(operation) ?? { uses: 0, kept: null, compiled: undefined };
    this.known.set(operation, known);
    return known;
  }

  private compiledOf(document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery | null {
    const known = this.of(operation);
    known.uses += 1;
    if (known.compiled !== undefined) return known.compiled;
    if (known.uses <= USES_BEFORE_COMPILING || performance.now() - this.compiledAt < COMPILE_EVERY_MS) return null;
    this.compiledAt = performance.now();
    known.compiled = this.compile(document, operation);
    return known.compiled;
  }

  private compile(document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery | null {
    try {
      const compiled = compileQuery(this.schema, document, operation.name?.value, {
        disablingCapturingStackErrors: true,
      });
      if (isCompiledQuery(compiled)) return compiled;
      throw new Error("the operation cannot be compiled");
    } catch (error) {
      this.onFault("compiling an operation", error);
      return null;
    }
  }
}
