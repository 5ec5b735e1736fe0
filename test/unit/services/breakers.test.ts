import { UpstreamFailure } from "../../../src/domain/errors";
import { Breakers, Resting } from "../../../src/services/fetching/breakers";

const away = async () => {
  throw new UpstreamFailure("UNAVAILABLE", "away");
};
const good = async () => "good";

function world() {
  const state = { clock: 0 };
  const breakers = new Breakers(() => state.clock);
  const fail = async (times: number, request: () => Promise<unknown> = away, endpoint = "sleep") => {
    for (let index = 0; index < times; index++) {
      await expect(breakers.run("acme", endpoint, request)).rejects.not.toBeInstanceOf(Resting);
    }
  };
  return { state, breakers, fail };
}

test("after twenty failures in a row an endpoint rests; others of the provider do not", async () => {
  const { breakers, fail } = world();
  await fail(20);
  await expect(breakers.run("acme", "sleep", good)).rejects.toBeInstanceOf(Resting);
  expect(await breakers.run("acme", "activity", good)).toBe("good");
  expect(await breakers.run("other", "sleep", good)).toBe("good");
});

test("a success in between, or an answer that is no outage, begins the count again", async () => {
  const { breakers, fail } = world();
  await fail(19);
  await breakers.run("acme", "sleep", good);
  await fail(19);
  await fail(1, async () => {
    throw new UpstreamFailure("UNAUTHORIZED", "refused");
  });
  await fail(19);
  expect(await breakers.run("acme", "sleep", good)).toBe("good");
});

test("one silent failure is enough, because somebody has waited for it", async () => {
  const { breakers, fail } = world();
  await fail(1, async () => {
    throw new UpstreamFailure("UNAVAILABLE", "silent", { silent: true });
  });
  await expect(breakers.run("acme", "sleep", good)).rejects.toBeInstanceOf(Resting);
});

test("during an outage requests try again after 1 s, 2 s, then every 5 s; one success ends it", async () => {
  const { breakers, state, fail } = world();
  await fail(20);
  let calls = 0;
  const probe = async () => {
    calls += 1;
    return away();
  };
  for (; state.clock < 60_000; state.clock += 100) await breakers.run("acme", "sleep", probe).catch(() => undefined);
  expect(calls).toBe(13);
  state.clock += 5_000;
  expect(await breakers.run("acme", "sleep", good)).toBe("good");
  expect(await breakers.run("acme", "sleep", good)).toBe("good");
});

test("while one tries, the others do not wait for it", async () => {
  const { breakers, state, fail } = world();
  await fail(20);
  state.clock = 5_000;
  let end: (value: string) => void = () => undefined;
  const trying = breakers.run("acme", "sleep", () => new Promise<string>((resolve) => (end = resolve)));
  await expect(breakers.run("acme", "sleep", good)).rejects.toBeInstanceOf(Resting);
  end("back");
  expect(await trying).toBe("back");
});

test("where a third of all requests fail, at most a tenth more are made", async () => {
  const { breakers } = world();
  let requests = 0;
  let repeats = 0;
  const request = async (failing: boolean) => {
    requests += 1;
    await breakers.run("acme", "sleep", failing ? away : good);
  };
  for (let index = 0; index < 3_000; index++) {
    const failed = await request(index % 3 === 0).then(
      () => false,
      () => true,
    );
    if (failed && breakers.mayRepeat("acme")) {
      repeats += 1;
      await request(false);
    }
  }
  expect(repeats / (requests - repeats)).toBeLessThan(0.12);
  expect(repeats).toBeGreaterThan(250);
});
