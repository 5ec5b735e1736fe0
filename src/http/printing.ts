import {
  type FieldNode,
  GraphQLFloat,
  GraphQLInt,
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
import {
  type Execution,
  type FieldPrinter,
  NULL,
  type Print,
  printAny,
  printObject,
  Unprintable,
} from "./printing-objects";

/** How a value of a type is printed; `own`: nothing but the value itself decides what comes out. */
interface Printer {
  readonly print: Print;
  readonly own: boolean;
}

type Source = Readonly<Record<string, unknown>>;

/** Leaf types that print their usual numbers as they are. */
const NUMBERS: ReadonlyMap<GraphQLOutputType, FieldPrinter["numbers"]> = new Map([
  [GraphQLFloat, "finite"],
  [GraphQLInt, "int32"],
]);

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
      return { property: null, read: () => null, print: () => text, numbers: "none", own: true };
    }
    const field = parent.getFields()[node.name.value];
    if (!field) throw new Unprintable();
    const { print, own } = this.printer(field.type, node);
    const numbers = NUMBERS.get(isNonNullType(field.type) ? field.type.ofType : field.type) ?? "none";
    const info = this.infoOf(parent, node, field.type);
    const argumentsOf = ({ variables }: Execution) =>
      field.args.length > 0 ? getArgumentValues(field, node, variables) : {};
    const { resolve } = field;
    if (resolve) {
      const read = (source: unknown, execution: Execution) =>
        resolve(source, argumentsOf(execution), execution.context, info(execution));
      return {
        property: null,
        read,
        print,
        numbers,
        own: own && field.extensions["own"] === true && field.args.length === 0,
      };
    }
    const property = node.name.value;
    const read = (source: unknown, execution: Execution) => {
      const value = (source as Source)[property];
      if (typeof value !== "function") return value;
      return Reflect.apply(value, source, [argumentsOf(execution), execution.context, info(execution)]);
    };
    return { property, read, print, numbers, own };
  }

  private infoOf(parentType: GraphQLObjectType, node: FieldNode, returnType: GraphQLOutputType) {
    const { schema, operation } = this;
    const fieldName = node.name.value;
    const fieldNodes = [node];
    const path = { prev: undefined, key: (node.alias ?? node.name).value, typename: parentType.name };
    // Every name written out: to a copy of what stays the same V8 adds the others one by one.
    return ({ variables }: Execution): GraphQLResolveInfo => ({
      fieldName,
      fieldNodes,
      returnType,
      parentType,
      path,
      schema,
      fragments: {},
      rootValue: undefined,
      operation,
      variableValues: { ...variables },
    });
  }

  private printer(type: GraphQLOutputType, node: FieldNode): Printer {
    if (isNonNullType(type)) {
      if (isLeafType(type.ofType)) return { own: true, print: printLeaf(type.ofType, unprintable) };
      const { print, own } = this.printer(type.ofType, node);
      return { own, print: (value, execution) => present(print(value, execution)) };
    }
    if (isListType(type)) {
      const { print, own } = this.printer(type.ofType, node);
      return { own, print: printList(print) };
    }
    if (isLeafType(type)) return { own: true, print: printLeaf(type, () => NULL) };
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

function unprintable(): never {
  throw new Unprintable();
}

function present(text: Text): Text {
  if (typeof text !== "string") return text.then(present);
  if (text === NULL) throw new Unprintable();
  return text;
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

/** `none`: what is printed where there is nothing. */
function printLeaf(type: GraphQLLeafType, none: () => string): Print {
  const serialized = (value: unknown): string => {
    if (value === null || value === undefined) return none();
    const answered = type.serialize(value) ?? unprintable();
    if (typeof answered === "string" && UNESCAPED.test(answered)) return `"${answered}"`;
    const text: string | undefined = JSON.stringify(answered);
    return text === undefined || text === NULL ? unprintable() : text;
  };
  if (type === GraphQLFloat) return (value) => (Number.isFinite(value) ? String(value) : serialized(value));
  return isEnumType(type) || type.extensions["few"] === true ? printFew(serialized) : serialized;
}

/** Names, days, instants and ids, which JSON says as they are; `JSON.stringify` takes twice as long to find out. */
const UNESCAPED = /^[\w :.+-]*$/;

/** The names of an enum are few, and the days of a calendar: they are met again and again. */
function printFew(serialized: (value: unknown) => string): Print {
  const known = new Map<unknown, string>();
  return (value) => {
    const text = known.get(value) ?? serialized(value);
    if (typeof value === "string") known.set(value, text);
    return text;
  };
}

const PRINTED = Symbol("printed");

/** What an object was printed to, by which selection's printer; and what before, by another's. */
interface Printed {
  readonly by: Print;
  readonly text: string;
  readonly before: Printed | null;
}

/** Selections whose texts of one object are kept. */
const MAX_TEXTS = 4;

/** Prints every object once, and the same text again afterwards. */
function printOnce(print: Print): Print {
  return (value, execution) => {
    if (typeof value !== "object" || value === null) return print(value, execution);
    // On the object itself: to the garbage collector a WeakMap of hundreds of them is a third of all work.
    const lasting = value as { [PRINTED]?: Printed };
    const latest = lasting[PRINTED] ?? null;
    for (let known = latest; known !== null; known = known.before) if (known.by === print) return known.text;
    const text = print(value, execution);
    if (typeof text !== "string") return text;
    lasting[PRINTED] = { by: print, text: inOnePiece(text), before: firstOf(latest, MAX_TEXTS - 1) };
    return text;
  };
}

/** The latest of them, so many at most. */
function firstOf(printed: Printed | null, most: number): Printed | null {
  return printed && most > 0 ? { ...printed, before: firstOf(printed.before, most - 1) } : null;
}

const NUL = 0;

/**
 * A JSON text in one piece. What is put together by concatenation stays a tree of pieces, to be walked whenever it is used, until
 * somebody reads a character out of it; joining a list makes no difference to V8.
 */
function inOnePiece(text: string): string {
  if (text.charCodeAt(0) === NUL) throw new RangeError("expected JSON");
  return text;
}
