import { createPeople } from "../../../src/services/people";
import type { PeopleStore } from "../../../src/services/ports/links";

test("a person is known without asking once they were asked for, for five minutes, and nobody else is", async () => {
  const ann = { id: "11111111-1111-4111-8111-111111111111", externalId: "ann" };
  const store: PeopleStore = {
    findOrAdd: async () => ann,
    find: async () => null,
    byId: async () => null,
  };
  const clock = jest.spyOn(performance, "now").mockReturnValue(1_000);
  try {
    const people = createPeople(store);
    expect(people.known?.("ann")).toBeNull();
    await people.person("ann");
    clock.mockReturnValue(300_900);
    expect([people.known?.("ann"), people.known?.("ben"), people.known?.("")]).toEqual([ann, null, null]);
    clock.mockReturnValue(301_100);
    expect(people.known?.("ann")).toBeNull();
  } finally {
    clock.mockRestore();
  }
});
