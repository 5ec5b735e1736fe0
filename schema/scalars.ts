import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";
import { type CivilDay, parseCivilDay } from "../src/domain/days";
import { type Instant, instantAt, parseInstant } from "../src/domain/instants";
import { FEW } from "./kept";

function rejected(message: string, nodes?: ValueNode): GraphQLError {
  return new GraphQLError(message, { ...(nodes ? { nodes } : {}), extensions: { code: "BAD_USER_INPUT" } });
}

function scalarOf<T extends string>(config: {
  name: string;
  description: string;
  specifiedByURL: string;
  expected: string;
  parse: (text: string) => T | null;
  serialize: (value: unknown) => T;
  extensions?: Readonly<Record<string, unknown>>;
}): GraphQLScalarType<T, T> {
  const { expected, parse, ...rest } = config;
  const read = (value: unknown, node?: ValueNode): T => {
    const parsed = typeof value === "string" ? parse(value) : null;
    if (parsed === null) throw rejected(`${config.name}: expected ${expected}`, node);
    return parsed;
  };
  return new GraphQLScalarType<T, T>({
    ...rest,
    parseValue: (value) => read(value),
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null, node),
  });
}

/** A civil date; refuses what is no calendar date of the years 2000 to 2199. */
export const LocalDate = scalarOf<CivilDay>({
  name: "LocalDate",
  description: "A civil date, YYYY-MM-DD, in the wearer's own time zone; years 2000 to 2199.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
  expected: "a calendar date YYYY-MM-DD of the years 2000 to 2199, such as 2026-11-03",
  parse: parseCivilDay,
  extensions: FEW,
  serialize: (value) => {
    const day = typeof value === "string" ? parseCivilDay(value) : null;
    if (day === null) throw new TypeError("expected a civil date to answer with");
    return day;
  },
});

/** An instant: domain text is answered as it is, epoch seconds (a number) in `Z`. */
export const DateTime = scalarOf<Instant>({
  name: "DateTime",
  description:
    "An instant, RFC 3339, whole seconds without a fraction; ±HH:MM of the wearer (also +00:00); Z only where no wearer's offset is known.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
  expected: "an RFC 3339 instant with an offset, such as 2026-11-03T23:10:00-08:00",
  parse: parseInstant,
  serialize: (value) => {
    const instant = typeof value === "number" ? instantAt(value, null) : parseInstant(String(value));
    if (instant === null) throw new TypeError("expected an instant to answer with");
    return instant;
  },
});
