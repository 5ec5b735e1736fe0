import { type DocumentNode, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from "graphql";
import { LRUCache } from "lru-cache";
import { mayBeKept } from "../../schema/kept";
import type { RequestContext } from "../loaders/context";
import type { Text } from "./pieces";
import { conditionVariables, type PlainOperation, plainOperation, type Variables } from "./plain-operation";
import { PrinterMaker } from "./printing";
import { type Execution, Unprintable } from "./printing-objects";

/** Uses of an operation after which it is compiled. */
const USES_BEFORE_COMPILING = 3;
/** Fields that compiled forms have together at most, of some 2 kB each; an operation that is not compiled yet counts as one. */
const MAX_FIELDS_HELD = 10_000;
/** Characters of a document that count as a field: a form holds every token that its document was read from, 170 bytes a character at the most. */
const CHARACTERS_A_FIELD = 12;

/** Executes an operation into the JSON text of its data. */
type Compiled = (execution: Execution) => Text;

interface Known {
  readonly number: number;
  readonly conditions: readonly string[];
  kept: boolean | null;
}

interface Form {
  uses: number;
  /** Null where it cannot be compiled; undefined where it has not been tried. */
  compiled: Compiled | null | undefined;
}

/** Finished data as JSON text, which stands for what it says wherever it is printed once more. */
export class PrintedData {
  /** To those who look no closer it is data like any other. */
  readonly [field: string]: unknown;

  constructor(readonly text: string) {}

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** The body of the answer that is such data and nothing else: it came without errors, and there are no extensions. */
export function printedBody({ text }: PrintedData): string {
  return `{"data":${text}}\n`;
}

/** What is known of operations as long as their documents are: whether their answers may be kept, and a faster way to execute them. */
export class Operations {
  private readonly known = new WeakMap<OperationDefinitionNode, Known>();
  private readonly forms = new LRUCache<string, Form>({ maxSize: MAX_FIELDS_HELD });
  /** Loaders of requests that a compiled form could not answer: it is not tried again for them. Of their contexts Apollo Server makes copies. */
  private readonly failed = new WeakSet<RequestContext["loaders"]>();
  private met = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly onFault: (where: string, error: unknown) => void,
  ) {}

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
  ): Promise<{ data: PrintedData } | null> {
    if (operation.operation !== "query" || this.failed.has(context.loaders)) return null;
    const declared = operation.variableDefinitions ?? [];
    // One error is enough to leave it to the reference, and to word thousands takes minutes.
    const { coerced: variables } = getVariableValues(this.schema, declared, given, { maxErrors: 1 });
    const compiled = variables && this.compiledOf(document, operation, variables);
    if (!compiled) return null;
    try {
      return { data: new PrintedData(await compiled({ context, variables })) };
    } catch {
      this.failed.add(context.loaders);
      return null;
    }
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
  ): Compiled | null {
    const { number, conditions } = this.of(document, operation);
    const key = `${number} ${conditions.map((name) => variables[name]).join(" ")}`;
    const form = this.forms.get(key) ?? { uses: 0, compiled: undefined };
    if (form.uses === 0) this.forms.set(key, form, { size: 1 });
    form.uses += 1;
    if (form.compiled !== undefined) return form.compiled;
    if (form.uses <= USES_BEFORE_COMPILING) return null;
    const plain = plainOperation(this.schema, document, operation, variables);
    const compiled = plain && this.compile(plain, operation);
    const characters = operation.loc?.source.body.length ?? 0;
    const held = (fields: number) => fields + 1 + Math.ceil(characters / CHARACTERS_A_FIELD);
    // Of a value that it has already the cache does not change the size.
    this.forms.set(key, { ...form, compiled }, { size: compiled && plain ? held(plain.fields) : 1 });
    return compiled;
  }

  private compile({ selectionSet }: PlainOperation, operation: OperationDefinitionNode): Compiled | null {
    const root = this.schema.getQueryType();
    if (!root) return null;
    try {
      const { print } = new PrinterMaker(this.schema, operation).objectPrinter(root, selectionSet);
      return (execution) => print({}, execution);
    } catch (error) {
      if (!(error instanceof Unprintable)) this.onFault("compiling an operation", error);
      return null;
    }
  }
}
