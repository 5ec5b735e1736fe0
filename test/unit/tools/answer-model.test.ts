import { PersonModel, type Read, type Verdict } from "../../support/answer-model";

const answer = (what: string, name = "p1") => `{"externalId":"${name}","state":"${what}"}`;
const read = (gateway: number, sentAt: number, text: string): Read => ({
  gateway,
  question: 0,
  sentAt,
  doneAt: sentAt + 5,
  text,
});

/** A person who was old, and whom gateway 0 made new from 100 to 110 ms. */
function verdictOn(one: Read): Verdict | undefined {
  const model = new PersonModel("p1");
  model.learned(null, [answer("old")]);
  model.learned({ gateway: 0, sentAt: 100, doneAt: 110 }, [answer("new")]);
  let found: Verdict | undefined;
  model.saw(one);
  model.judged(10_000, (_read, verdict) => {
    found = verdict;
  });
  return found;
}

test.each<[string, Read, Verdict]>([
  ["the old before the change", read(0, 50, answer("old")), "right"],
  ["the new before anybody asked for the change", read(0, 50, answer("new")), "never true"],
  ["the old while it is made", read(0, 105, answer("old")), "right"],
  ["the new while it is made", read(1, 97, answer("new")), "right"],
  ["the old after it where it was made", read(0, 110, answer("old")), "outdated here"],
  ["the old just after it elsewhere", read(1, 1_109, answer("old")), "right"],
  ["the old a second after it elsewhere", read(1, 1_110, answer("old")), "outdated elsewhere"],
  ["the new after it", read(1, 5_000, answer("new")), "right"],
  ["what never was", read(0, 5_000, answer("else")), "never true"],
  ["another person's", read(0, 5_000, answer("new", "p2")), "foreign"],
])("a read of %s", (_name, one, verdict) => {
  expect(verdictOn(one)).toBe(verdict);
});

test("a read that is not over is not judged yet", () => {
  const model = new PersonModel("p1");
  model.learned(null, [answer("old")]);
  model.saw(read(0, 50, answer("old")));
  const verdicts: Verdict[] = [];
  model.judged(55, (_read, verdict) => verdicts.push(verdict));
  expect(verdicts).toEqual([]);
  model.judged(56, (_read, verdict) => verdicts.push(verdict));
  model.judged(57, (_read, verdict) => verdicts.push(verdict));
  expect(verdicts).toEqual(["right"]);
});
