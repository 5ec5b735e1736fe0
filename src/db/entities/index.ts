import { AccountRow } from "./account";
import { GrantRow } from "./grant";
import { LinkStateRow } from "./link-state";
import { PersonRow } from "./person";

/** Every entity of the database. */
export const ENTITIES = [AccountRow, GrantRow, LinkStateRow, PersonRow] as const;

export { AccountRow, GrantRow, LinkStateRow, PersonRow };
