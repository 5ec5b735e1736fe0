import {
  type FieldNode,
  GraphQLFloat,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  type InlineFragmentNode,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { Pieces, type Text } from "./pieces";

/** What an operation is executed with: the request's context, and coerced variables. */
export interface Execution {
  readonly context: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Prints a value as JSON, or throws where the reference would tell an error. */
type Print = (value: unknown, execution: Execution) => Text;

/** How a value of a type is printed; `own`: nothing but the value itself decides what comes out. */
interface Printer {
  readonly print: Print;
  readonly own: boolean;
}

interface FieldPrinter {
  /** The response name as JSON, with its colon, and a comma before all but the first. */
  readonly name: string;
  readonly read: (source: unknown, execution: Execution) => unknown;
  readonly print: Print;
}

type Source = Readonly<Record<string, unknown>>;

const NULL = "null";

/** Where anything is otherwise than it usually is: the reference executor tells what. */
export class Unprintable extends Error {}

/**
 * Makes printers of plain selections: fields without fragments and conditions, of abstract types one fragment per type. What depends on
 * a lasting object alone is printed once for it.
 */
export class PrinterMaker {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly operation: OperationDefinitionNode,
  ) {}

  /** Prints the selection on an object of a type. */
  objectPrinter(type: GraphQLObjectType, { selections }: SelectionSetNode): Printer {
    if (type.isTypeOf) throw new Unprintable();
    const fields = (selections as readonly FieldNode[]).map((node, index) => {
      const name = `${index > 0 ? "," : ""}${JSON.stringify((node.alias ?? node.name).value)}:`;
      return { name, ...this.fieldPrinter(type, node) };
    });
    const own = fields.every((field) => field.own);
    const print = printObject(fields);
    return { own, print: own && type.extensions["lasting"] === true ? printOnce(print) : print };
  }

  private fieldPrinter(parent: GraphQLObjectType, node: FieldNode): Omit<FieldPrinter & Printer, "name"> {
    if (node.name.value === "__typename") {
      const text = JSON.stringify(parent.name);
      return { read: () => null, print: () => text, own: true };
    }
    const field = parent.getFields()[node.name.value];
    if (!field) throw new Unprintable();
    const { print, own } = this.printer(field.type, node);
    const info = this.infoOf(parent, node, field.type);
    const argumentsOf = ({ variables }: Execution) =>
      field.args.length > 0 ? getArgumentValues(field, node, variables) : {};
    const { resolve } = field;
    if (resolve) {
      const read = (source: unknown, execution: Execution) =>
        resolve(source, argumentsOf(execution), execution.context, info(execution));
      return { read, print, own: own && field.extensions["own"] === true && field.args.length === 0 };
    }
    const key = node.name.value;
    const read = (source: unknown, execution: Execution) => {
      const value = (source as Source)[key];
      if (typeof value !== "function") return value;
      return Reflect.apply(value, source, [argumentsOf(execution), execution.context, info(execution)]);
    };
    return { read, print, own };
  }

  private infoOf(parentType: GraphQLObjectType, node: FieldNode, returnType: GraphQLOutputType) {
    const { schema, operation } = this;
    const fieldName = node.name.value;
    const fixed = { fieldName, fieldNodes: [node], returnType, parentType, schema, operation };
    const path = { prev: undefined, key: (node.alias ?? node.name).value, typename: parentType.name };
    return ({ variables }: Execution): GraphQLResolveInfo => {
      return { ...fixed, path, fragments: {}, rootValue: undefined, variableValues: { ...variables } };
    };
  }

  private printer(type: GraphQLOutputType, node: FieldNode): Printer {
    if (isNonNullType(type)) {
      const { print, own } = this.printer(type.ofType, node);
      return { own, print: (value, execution) => present(print(value, execution)) };
    }
    if (isListType(type)) {
      const { print, own } = this.printer(type.ofType, node);
      return { own, print: printList(print) };
    }
    if (isLeafType(type)) return { own: true, print: printLeaf(type) };
    const { selectionSet } = node;
    if (!selectionSet) throw new Unprintable();
    if (!isAbstractType(type)) return this.objectPrinter(type, selectionSet);
    const fragments = selectionSet.selections as readonly InlineFragmentNode[];
    const printers = new Map(fragments.map((fragment) => this.fragmentPrinter(fragment)));
    const print: Print = (value, execution) => {
      if (value === null || value === undefined) return NULL;
      const one = printers.get(String((value as Source)["__typename"]));
      if (!one) throw new Unprintable();
      return one.print(value, execution);
    };
    return { own: [...printers.values()].every(({ own }) => own), print };
  }

  private fragmentPrinter({ typeCondition, selectionSet }: InlineFragmentNode): [string, Printer] {
    const type = this.schema.getType(typeCondition?.name.value ?? "");
    if (typeCondition?.kind !== Kind.NAMED_TYPE) throw new Unprintable();
    return [typeCondition.name.value, this.objectPrinter(type as GraphQLObjectType, selectionSet)];
  }
}

function present(text: Text): Text {
  if (typeof text !== "string") return text.then(present);
  if (text === NULL) throw new Unprintable();
  return text;
}

/** Prints what a field or list holds, whether it is there or comes later. */
function printAny(print: Print, value: unknown, execution: Execution): Text {
  if (typeof value !== "object" || value === null) return print(value, execution);
  if (value instanceof Error) throw new Unprintable();
  if (typeof (value as Partial<Promise<unknown>>).then !== "function") return print(value, execution);
  return Promise.resolve(value as Promise<unknown>).then((later) => printAny(print, later, execution));
}

function printObject(fields: readonly FieldPrinter[]): Print {
  return (value, execution) => {
    if (value === null || value === undefined) return NULL;
    const pieces = new Pieces("{");
    try {
      for (const { name, read, print } of fields) pieces.add(name, printAny(print, read(value, execution), execution));
      return pieces.end("}");
    } catch (error) {
      pieces.abandon();
      throw error;
    }
  };
}

function printList(print: Print): Print {
  return (value, execution) => {
    if (value === null || value === undefined) return NULL;
    if (!Array.isArray(value)) throw new Unprintable();
    const pieces = new Pieces("[");
    try {
      let separator = "";
      for (const item of value) {
        pieces.add(separator, printAny(print, item, execution));
        separator = ",";
      }
      return pieces.end("]");
    } catch (error) {
      pieces.abandon();
      throw error;
    }
  };
}

function printLeaf(type: GraphQLLeafType): Print {
  const serialized = (value: unknown): string => {
    if (value === null || value === undefined) return NULL;
    const text: string | undefined = JSON.stringify(type.serialize(value) ?? undefined);
    if (text === undefined) throw new Unprintable();
    return text;
  };
  if (type === GraphQLFloat) return (value) => (Number.isFinite(value) ? String(value) : serialized(value));
  return isEnumType(type) ? printEnum(serialized) : serialized;
}

/** The names of an enum are few, and met again and again. */
function printEnum(serialized: (value: unknown) => string): Print {
  const known = new Map<unknown, string>();
  return (value) => {
    const text = known.get(value) ?? serialized(value);
    if (typeof value === "string") known.set(value, text);
    return text;
  };
}

const PRINTED = Symbol("printed");

/** What an object was printed to, by which selection's printer. */
interface Printed {
  readonly by: Print;
  readonly text: string;
}

/** Selections whose texts of one object are kept. */
const MAX_TEXTS = 4;

/** Prints every object once, and the same text again afterwards. */
function printOnce(print: Print): Print {
  return (value, execution) => {
    if (typeof value !== "object" || value === null) return print(value, execution);
    // On the object itself: to the garbage collector a WeakMap of hundreds of them is a third of all work.
    const lasting = value as { [PRINTED]?: readonly Printed[] };
    const before = lasting[PRINTED] ?? [];
    for (const known of before) if (known.by === print) return known.text;
    const text = print(value, execution);
    if (typeof text !== "string") return text;
    // In one piece: what is put together by concatenation stays a tree of pieces, to be walked whenever it is used.
    const flat = ["", text].join("");
    lasting[PRINTED] = [...before.slice(1 - MAX_TEXTS), { by: print, text: flat }];
    return flat;
  };
}
