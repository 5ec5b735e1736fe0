import { Pieces, type Text } from "./pieces";

/** What an operation is executed with: the request's context, and coerced variables. */
export interface Execution {
  readonly context: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Prints a value as JSON, or throws where the reference would tell an error. */
export type Print = (value: unknown, execution: Execution) => Text;

/** Where anything is otherwise than it usually is: the reference executor tells what. */
export class Unprintable extends Error {}

/** JSON's null. */
export const NULL = "null";

/** How a field of an object is printed. */
export interface FieldPrinter {
  /** The response name as JSON, with its colon, and a comma before all but the first. */
  readonly name: string;
  /** The property whose value it is, unless that is a function; null where only `read` knows. */
  readonly property: string | null;
  readonly read: (source: unknown, execution: Execution) => unknown;
  readonly print: Print;
  /** Numbers that are printed as they are, whatever `print` does with others. */
  readonly numbers: "none" | "finite" | "int32";
}

/** JavaScript for whether a value is among a field's {@link FieldPrinter.numbers}. */
const IS_NUMBER: Readonly<Record<FieldPrinter["numbers"], ((value: string) => string) | null>> = {
  none: null,
  finite: (value) => `typeof ${value} === "number" && ${value} - ${value} === 0`,
  int32: (value) => `(${value} | 0) === ${value}`,
};

/** Prints what a field or list holds, whether it is there or comes later. */
export function printAny(print: Print, value: unknown, execution: Execution): Text {
  if (typeof value !== "object" || value === null) return print(value, execution);
  if (value instanceof Error) throw new Unprintable();
  if (typeof (value as Partial<Promise<unknown>>).then !== "function") return print(value, execution);
  return Promise.resolve(value as Promise<unknown>).then((later) => printAny(print, later, execution));
}

/**
 * Prints objects of one selection, by code made for it: V8 finds a property that code names sooner than one named by a variable, and
 * an answer has a thousand of them. The names of the schema and the aliases of the query come in as string literals,
 * nothing else does. Throws {@link Unprintable} where the process may not make code (`--disallow-code-generation-from-strings`).
 */
export function printObject(fields: readonly FieldPrinter[]): Print {
  const reads = fields.map(({ read }) => read);
  const prints = fields.map(({ print }) => print);
  return maker(sourceOf(fields))(reads, prints, { NULL, printAny, inPieces, abandon });
}

type Maker = (reads: readonly FieldPrinter["read"][], prints: readonly Print[], tools: object) => Print;

function maker(source: string): Maker {
  try {
    return new Function("reads", "prints", "tools", source) as Maker;
  } catch (cause) {
    if (cause instanceof EvalError) throw new Unprintable("this process makes no code", { cause });
    throw cause;
  }
}

function sourceOf(fields: readonly FieldPrinter[]): string {
  const texts = fields.map((_, place) => `t${place}`);
  const names = fields.map(({ name }) => JSON.stringify(name));
  return `"use strict";
    const { NULL, printAny, inPieces, abandon } = tools;
    const names = [${names}];
    ${fields.map((_, place) => `const read${place} = reads[${place}], print${place} = prints[${place}];`).join("\n")}
    return (source, execution) => {
      if (source === null || source === undefined) return NULL;
      let ${texts};
      try {
        ${fields.map(fieldSource).join("\n")}
      } catch (error) {
        abandon([${texts}]);
        throw error;
      }
      if (${texts.map((text) => `typeof ${text} !== "string"`).join(" || ")}) return inPieces(names, [${texts}]);
      return "{" + ${names.map((name, place) => `${name} + t${place}`).join(" + ")} + "}";
    };`;
}

function fieldSource({ property, numbers }: FieldPrinter, place: number): string {
  const value = `v${place}`;
  const read = `read${place}(source, execution)`;
  const found =
    property === null
      ? `const ${value} = ${read};`
      : `let ${value} = source[${JSON.stringify(property)}]; if (typeof ${value} === "function") ${value} = ${read};`;
  const any = `typeof ${value} === "object" ? printAny(print${place}, ${value}, execution) : print${place}(${value}, execution)`;
  const isNumber = IS_NUMBER[numbers]?.(value);
  return `${found} t${place} = ${isNumber ? `${isNumber} ? "" + ${value} : ` : ""}${any};`;
}

function inPieces(names: readonly string[], texts: readonly Text[]): Text {
  const pieces = new Pieces("{");
  for (const [place, text] of texts.entries()) pieces.add(names[place] ?? "", text);
  return pieces.end("}");
}

/** Nobody waits for them any more: what fails later fails unheard. */
function abandon(texts: readonly (Text | undefined)[]): void {
  void Promise.allSettled(texts);
}
