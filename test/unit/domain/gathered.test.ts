import { Gathered, type Several } from "../../../src/domain/gathered";

/** Records what is asked for together, and answers once it is let go. */
function recorded(inTurn: boolean) {
  const calls: (readonly number[])[] = [];
  const letGo: (() => void)[] = [];
  const gathered = new Gathered<number, number>(async (asks: Several<number>) => {
    calls.push(asks);
    await new Promise<void>((resolve) => letGo.push(resolve));
    if (asks.includes(13)) throw new Error("thirteen");
    return asks.map((ask) => ask * 10);
  }, inTurn);
  return { gathered, calls, letGo };
}

const moment = () => new Promise((resolve) => setImmediate(resolve));

test("what is asked at one moment is asked for together, under each key by itself, and answered in its order", async () => {
  const { gathered, calls, letGo } = recorded(false);
  const answers = Promise.all([
    gathered.ask("one", 1),
    gathered.ask("other", 5),
    Promise.resolve().then(() => gathered.ask("one", 2)),
  ]);
  await moment();
  expect(calls).toEqual([[1, 2], [5]]);
  for (const go of letGo) go();
  expect(await answers).toEqual([10, 50, 20]);
});

test("what is asked later is asked for at once; in turn it waits, and is gathered meanwhile", async () => {
  for (const inTurn of [false, true]) {
    const { gathered, calls, letGo } = recorded(inTurn);
    const first = gathered.ask("one", 1);
    await moment();
    const second = gathered.ask("one", 2);
    await moment();
    const third = gathered.ask("one", 3);
    await moment();
    expect(calls).toEqual(inTurn ? [[1]] : [[1], [2], [3]]);
    letGo[0]?.();
    expect(await first).toBe(10);
    await moment();
    expect(calls).toEqual(inTurn ? [[1], [2, 3]] : [[1], [2], [3]]);
    for (const go of letGo) go();
    expect(await Promise.all([second, third])).toEqual([20, 30]);
  }
});

test("a failure is everybody's who asked together, and nobody's who comes after", async () => {
  const { gathered, letGo } = recorded(true);
  const together = Promise.allSettled([gathered.ask("one", 13), gathered.ask("one", 2)]);
  await moment();
  const after = gathered.ask("one", 3);
  letGo[0]?.();
  expect((await together).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await moment();
  letGo[1]?.();
  expect(await after).toBe(30);
});
