import { type BackfillState, isOver, together } from "../../../src/domain/backfill";
import { decodeRunCursor, encodeRunCursor } from "../../../src/domain/sync-runs";

test.each<[readonly BackfillState[], BackfillState]>([
  [["PENDING", "PENDING"], "PENDING"],
  [["PENDING", "RUNNING"], "RUNNING"],
  [["PENDING", "DONE"], "RUNNING"],
  [["DONE", "RUNNING"], "RUNNING"],
  [["DONE", "DONE"], "DONE"],
  [["DONE", "WAITING"], "WAITING"],
  [["RUNNING", "WAITING"], "WAITING"],
  [["WAITING", "FAILED"], "FAILED"],
  [["DONE", "FAILED"], "FAILED"],
])("endpoints that are %j make a metric %s", (states, state) => {
  expect(together(states)).toBe(state);
  expect(together([...states].reverse())).toBe(state);
});

test("only what is done or given up is over", () => {
  const states: BackfillState[] = ["PENDING", "RUNNING", "WAITING", "DONE", "FAILED"];
  expect(states.filter(isOver)).toEqual(["DONE", "FAILED"]);
});

test("a cursor of runs comes back as it went", () => {
  const cursor = { startedAtMicros: "1790000000123456", id: "33333333-3333-4333-8333-333333333333" };
  expect(decodeRunCursor(encodeRunCursor(cursor))).toEqual(cursor);
});
