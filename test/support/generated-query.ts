import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";

/** A source of whole numbers from 0 to below `under`. */
export type Dice = (under: number) => number;

/** A query and values of its variables. */
export interface GeneratedQuery {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Literals of scalars and input objects by the type's name, and the same as variables' values; other input types are made up. */
export type Samples = Readonly<Record<string, readonly (readonly [literal: string, value: unknown])[]>>;

type AnyField = GraphQLField<unknown, unknown>;

const MAX_FIELDS = 4;
const MAX_DEPTH = 6;

/** A dice whose throws follow from a seed alone. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (under) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * under);
  };
}

/** A valid query: any fields, arguments, aliases, conditions and fragments, repeated ones too; variables given, missing, null, defaulted. `roots`: fields to start from, some perhaps more than once. */
export function generatedQuery(
  schema: GraphQLSchema,
  samples: Samples,
  throwDice: Dice,
  roots: readonly string[] = Object.keys(schema.getQueryType()?.getFields() ?? {}),
): GeneratedQuery {
  return new Generator(schema, samples, throwDice, roots).query();
}

class Generator {
  private readonly declared: string[] = [];
  private readonly variables: Record<string, unknown> = {};
  private readonly fragments: { readonly on: string; text: string }[] = [];
  private readonly asked = new Map<string, string>();
  private readonly conditions: string[] = [];

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly samples: Samples,
    private readonly throwDice: Dice,
    private readonly roots: readonly string[],
  ) {}

  query(): GeneratedQuery {
    const query = this.schema.getQueryType();
    if (!query) throw new Error("expected a query type");
    const body = this.selectionSet(query, 0);
    const declared = this.declared.length > 0 ? `(${this.declared.join(", ")})` : "";
    const fragments = this.fragments.map(({ on, text }, index) => `fragment F${index} on ${on} ${text}`);
    return { text: `query Generated${declared} ${body} ${fragments.join(" ")}`, variables: this.variables };
  }

  private one<T>(from: readonly T[]): T {
    return from[this.throwDice(from.length)] as T;
  }

  private selectionSet(type: GraphQLNamedType, depth: number): string {
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    const usable =
      depth === 0
        ? this.roots.flatMap((name) => fields.filter((field) => field.name === name))
        : fields.filter(({ type }) => depth < MAX_DEPTH || isLeafType(getNamedType(type)));
    const chosen = ["__typename"];
    for (let left = usable.length > 0 ? 1 + this.throwDice(MAX_FIELDS) : 0; left > 0; left--) {
      chosen.push(this.field(type, this.one(usable), depth));
    }
    if (depth < MAX_DEPTH && this.throwDice(4) === 0) chosen.push(this.fragmentSpread(type, depth));
    const types = isAbstractType(type) ? [...this.schema.getPossibleTypes(type)] : [type];
    const inline = isAbstractType(type) ? this.throwDice(4) : Number(this.throwDice(6) === 0);
    for (let left = inline; left > 0 && depth < MAX_DEPTH; left--) {
      const on = this.one(types);
      chosen.push(`... on ${on.name}${this.condition()} ${this.selectionSet(on, depth + 1)}`);
    }
    return `{ ${chosen.join(" ")} }`;
  }

  private fragmentSpread(type: GraphQLNamedType, depth: number): string {
    const known = this.fragments.findIndex(({ on, text }) => on === type.name && text !== "");
    if (known >= 0 && this.throwDice(2) === 0) return `...F${known}${this.condition()}`;
    const fragment = { on: type.name, text: "" };
    const index = this.fragments.push(fragment) - 1;
    fragment.text = this.selectionSet(type, depth + 1);
    return `...F${index}${this.condition()}`;
  }

  private field(parent: GraphQLNamedType, field: AnyField, depth: number): string {
    const below = getNamedType(field.type);
    const body = isLeafType(below) ? "" : ` ${this.selectionSet(below, depth + 1)}`;
    return `${this.name(parent, field)}${this.condition()}${body}`;
  }

  /** Response name, name and arguments; selections of one response name have to have the same arguments wherever they may meet. */
  private name(parent: GraphQLNamedType, field: AnyField): string {
    const place = `${parent.name}.${field.name}`;
    const known = this.asked.get(place);
    if (known !== undefined && this.throwDice(2) === 0) return known;
    const given = field.args.filter((one) => isRequiredArgument(one) || this.throwDice(3) > 0);
    const args = given.map((one) => `${one.name}: ${this.argument(one)}`).join(", ");
    const alias =
      args === "" && this.throwDice(5) > 0 ? "" : `a${this.asked.size}${this.throwDice(1e6)}_${field.name}: `;
    const name = `${alias}${field.name}${args === "" ? "" : `(${args})`}`;
    this.asked.set(place, name);
    return name;
  }

  private argument({ type, defaultValue }: GraphQLArgument): string {
    if (this.throwDice(2) === 0) return this.literal(type, 0, true)[0];
    return this.variable(type, defaultValue !== undefined);
  }

  /** A new variable for a place of a type: given, given as null, missing, or missing with a default. */
  private variable(type: GraphQLInputType, placeHasDefault: boolean): string {
    const name = `v${this.declared.length}`;
    const [literal, value] = this.literal(type, 0, false);
    const required = isNonNullType(type);
    const kind = this.throwDice(5);
    if (kind === 0 && literal !== "null") {
      this.declared.push(`$${name}: ${type} = ${literal}`);
      if (this.throwDice(2) === 0) this.variables[name] = value;
    } else if (required && placeHasDefault && kind === 1) {
      this.declared.push(`$${name}: ${type.ofType}`);
    } else {
      this.declared.push(`$${name}: ${type}`);
      if (required || kind > 2) this.variables[name] = value;
      else if (kind === 1) this.variables[name] = null;
    }
    return `$${name}`;
  }

  /** A literal and its value; `open`: variables may be within it, whose values are not in the value. */
  private literal(type: GraphQLInputType, depth: number, open: boolean): readonly [literal: string, value: unknown] {
    if (open && depth > 0 && this.throwDice(4) === 0) return [this.variable(type, false), undefined];
    if (isNonNullType(type)) return this.literal(type.ofType, 0, open);
    if (depth > 0 && this.throwDice(6) === 0) return ["null", null];
    if (isListType(type)) {
      const items = Array.from({ length: this.throwDice(3) }, () => this.literal(type.ofType, depth + 1, open));
      return [`[${items.map(([literal]) => literal).join(", ")}]`, items.map(([, value]) => value)];
    }
    const samples = this.samples[type.name];
    if (samples) return this.one(samples);
    if (isEnumType(type)) {
      const { name } = this.one(type.getValues());
      return [name, name];
    }
    if (!isInputObjectType(type)) throw new Error(`expected samples of ${type.name}`);
    const fields = Object.values(type.getFields()).filter(
      (one) => isRequiredInputField(one) || this.throwDice(2) === 0,
    );
    const given = fields.map((one) => [one.name, ...this.literal(one.type, depth + 1, open)] as const);
    return [
      `{ ${given.map(([name, literal]) => `${name}: ${literal}`).join(", ")} }`,
      Object.fromEntries(given.map(([name, , value]) => [name, value])),
    ];
  }

  private condition(): string {
    const kind = this.throwDice(16);
    if (kind > 5) return "";
    const value = kind === 0 ? String(this.throwDice(2) === 0) : `$${this.conditionVariable()}`;
    const first = ` @${this.one(["skip", "include"])}(if: ${value})`;
    return kind === 1 ? `${first} @${first.includes("skip") ? "include" : "skip"}(if: ${value})` : first;
  }

  private conditionVariable(): string {
    if (this.conditions.length < 3) {
      const name = `c${this.declared.length}`;
      this.conditions.push(name);
      const byDefault = this.throwDice(2) === 0;
      this.declared.push(`$${name}: Boolean${byDefault ? ` = ${this.throwDice(2) === 0}` : "!"}`);
      if (!byDefault || this.throwDice(2) === 0) this.variables[name] = this.throwDice(2) === 0;
    }
    return this.one(this.conditions);
  }
}
