import type { Provider } from "../../providers/contract";
import { People } from "../../src/simulator/people";

/** Somebody who has data of today at every endpoint of these wearables' simulators, by a name that begins so: they give everybody gaps. */
export function someoneWithANight(providers: readonly Provider[], prefix = "wearer"): string {
  const now = () => Math.floor(Date.now() / 1_000);
  const names = Array.from({ length: 100 }, (_, index) => `${prefix}-${index}`);
  const name = names.find((user) =>
    providers.every((provider) => {
      const people = new People(provider, 1, now);
      const day = people.newNight(user);
      const range = { start: day, end: day };
      return provider.endpoints.every(({ name: endpoint }) => {
        return people.documents(user, people.person(user), endpoint, range).length > 0;
      });
    }),
  );
  if (name === undefined) throw new Error("expected somebody with a night");
  return name;
}
