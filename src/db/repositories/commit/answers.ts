import type { Several } from "../../../domain/gathered";
import type { Fetched } from "../../../services/ports/records";

/** Whole answers that are committed together: of one account under one linking, each of an endpoint of its own. */
export type Answers = Several<Fetched>;

/** The person and the account that answers are of. */
export function placeOf([{ personId, accountId }]: Answers): readonly [personId: string, accountId: string] {
  return [personId, accountId];
}

/** The endpoints that answers are of, in their order. */
export function endpointsOf(answers: Answers): readonly string[] {
  return answers.map(({ endpoint }) => endpoint);
}
