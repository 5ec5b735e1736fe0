import type { z } from "zod";
import type { CivilDay } from "../../src/domain/days";
import { type Page, type SetAside, type WireDocument, WireError } from "./endpoint";

/** Checks a whole body against its schema; throws {@link WireError} naming the first field at fault. */
export function expectShape<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WireError(issue?.path.join(".") ?? "", issue?.code ?? "invalid");
}

/**
 * Reads each item by itself: one that does not fit is set aside, the others stand. `toDocument` may throw WireError as well;
 * `dayOf` tells the civil day of an item that could not be read, if it can.
 */
export function readDocuments<T>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
  toDocument: (item: T, raw: unknown) => WireDocument,
  dayOf: (raw: unknown) => CivilDay | null = () => null,
): Pick<Page, "documents" | "setAside"> {
  const documents: WireDocument[] = [];
  const setAside: SetAside[] = [];
  for (const raw of items) {
    try {
      documents.push(toDocument(expectShape(schema, raw), raw));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const day = dayOf(raw);
      setAside.push({ raw, path: error.path, problem: error.message, ...(day === null ? {} : { day }) });
    }
  }
  return { documents, setAside };
}
