import {
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
} from "graphql";

/** A source of whole numbers from 0 to below `under`. */
export type Dice = (under: number) => number;

const RANGES = [
  '{ start: "2026-03-01", end: "2026-03-03" }',
  '{ start: "2026-12-30", end: "2027-01-02" }',
  "$range",
  '{ start: "2026-03-04", end: "2026-03-03" }',
];
const CONDITIONS = ["", "", "", "", " @include(if: $yes)", " @skip(if: $no)", " @include(if: $no)", " @skip(if: true)"];
const MAX_FIELDS = 6;

/** A dice whose throws follow from a seed alone. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (under) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * under);
  };
}

/** A valid query with variables $range, $yes and $no: any fields, arguments, aliases, conditions and fragments, repeated ones too. */
export function generatedQuery(schema: GraphQLSchema, throwDice: Dice): string {
  const fragments: string[] = [];
  const selectionOf = (type: GraphQLOutputType, depth: number): string => {
    const named = getNamedType(type);
    if (isLeafType(named)) return "";
    const types = isAbstractType(named) ? [...schema.getPossibleTypes(named)] : [];
    const own = "getFields" in named ? Object.values(named.getFields()) : [];
    const chosen = pick(own.filter((field) => usable(field, depth))).map((field) => fieldOf(field as AnyField, depth));
    for (const one of types.slice(0, throwDice(3))) chosen.push(`... on ${one.name}${selectionOf(one, depth + 1)}`);
    if (isObjectType(named) && throwDice(5) === 0 && depth < 6) {
      const name = `F${fragments.length}`;
      fragments.push("");
      fragments[Number(name.slice(1))] = `fragment ${name} on ${named.name}${selectionOf(named, depth + 1)}`;
      chosen.push(`...${name}`);
    }
    return ` { __typename ${chosen.join(" ")} }`;
  };
  const pick = <T>(from: readonly T[]): T[] =>
    from.length === 0 ? [] : Array.from({ length: 1 + throwDice(MAX_FIELDS) }, () => from[throwDice(from.length)] as T);
  const fieldOf = (field: AnyField, depth: number): string => {
    const alias = throwDice(9) === 0 ? `a${depth}_${field.name}: ` : "";
    const condition = CONDITIONS[throwDice(CONDITIONS.length)] ?? "";
    // One range a response name, or two selections of it could not be merged.
    const range = alias === "" ? RANGES[0] : RANGES[depth % RANGES.length];
    const given = field.args.flatMap(({ name }) =>
      name === "range" ? `range: ${range}` : name === "id" ? 'id: "x"' : [],
    );
    const args = given.length > 0 ? `(${given.join(", ")})` : "";
    return `${alias}${field.name}${args}${condition}${selectionOf(field.type, depth + 1)}`;
  };
  const query = schema.getQueryType();
  if (!query) throw new Error("expected a query type");
  const body = ["viewer", "providers", "node"].flatMap((name) => {
    const field = query.getFields()[name];
    return field && (name === "viewer" || throwDice(3) === 0) ? fieldOf(field, 1) : [];
  });
  const variables = "($range: DateRange!, $yes: Boolean!, $no: Boolean!)";
  return `query Generated${variables} { ${body.join(" ")} ${USES_ALL} } ${fragments.join(" ")}`;
}

type AnyField = GraphQLField<unknown, unknown>;

/** Every variable has to be used once at least. */
const USES_ALL =
  "z: viewer { id @include(if: $yes) externalId @skip(if: $no) z: hrv(range: $range) { nodes { day } } }";
const KNOWN_ARGUMENTS = new Set(["range", "id"]);

function usable(field: { readonly type: GraphQLOutputType; readonly args?: AnyField["args"] }, depth: number): boolean {
  const required = (field.args ?? []).filter(
    ({ type, defaultValue }) => String(type).endsWith("!") && defaultValue === undefined,
  );
  if (!required.every(({ name }) => KNOWN_ARGUMENTS.has(name))) return false;
  return depth < 7 || isLeafType(getNamedType(field.type));
}
