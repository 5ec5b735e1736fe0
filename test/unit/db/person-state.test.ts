import { stateOfText } from "../../../src/db/repositories/person-state";
import type { PersonState } from "../../../src/services/ports/person-state";

const PERSON = "11111111-1111-4111-8111-111111111111";
const BELIEF: PersonState = { accounts: [], offsetMinutes: 60, preferences: {} };

function textOf(status: string): string {
  const account = { id: "a", provider: "ring", status, scopes: ["daily"], connected: 1_800_000_000.5, grant: 2 };
  return JSON.stringify({ offset_minutes: 60, accounts: [account], preferences: { SLEEP: ["ring"] } });
}

test("a state is read from its text", () => {
  expect(stateOfText(PERSON, textOf("ACTIVE"), BELIEF)).toEqual({
    accounts: [
      {
        ...{ id: "a", personId: PERSON, provider: "ring", status: "ACTIVE", grantedScopes: ["daily"] },
        ...{ connectedAt: 1_800_000_000.5, grantNumber: 2 },
      },
    ],
    offsetMinutes: 60,
    preferences: { SLEEP: ["ring"] },
  });
  const empty = JSON.stringify({ offset_minutes: null, accounts: null, preferences: null });
  expect(stateOfText(PERSON, empty, BELIEF)).toEqual({ accounts: [], offsetMinutes: null, preferences: {} });
});

test("the believed state itself where its text is the same, else another", () => {
  const read = stateOfText(PERSON, textOf("ACTIVE"), BELIEF);
  expect(stateOfText(PERSON, textOf("ACTIVE"), read)).toBe(read);
  const changed = stateOfText(PERSON, textOf("RECONNECT_REQUIRED"), read);
  expect(changed.accounts[0]?.status).toBe("RECONNECT_REQUIRED");
  expect(stateOfText(PERSON, textOf("ACTIVE"), changed).accounts[0]?.status).toBe("ACTIVE");
});
