import { LocalBell } from "../../../src/cache/memory";
import { ConfirmedVersions } from "../../../src/services/versions";

/** Versions over a source that a test can break, with its clock in milliseconds and a log of what was asked. */
function world() {
  const truth = new Map([
    ["a", "1"],
    ["b", "7"],
  ]);
  const asked: (readonly string[])[] = [];
  const state = { clock: 0, away: false };
  const bell = new LocalBell();
  const source = async (ids: readonly string[]) => {
    asked.push(ids);
    if (state.away) throw new Error("connection refused");
    return new Map([...truth].filter(([id]) => ids.includes(id)));
  };
  const versions = new ConfirmedVersions(source, bell, () => state.clock);
  return { truth, asked, state, bell, versions };
}

test("persons asked for in one tick are asked for together", async () => {
  const { versions, asked } = world();
  const found = await Promise.all(["a", "b", "a"].map((id) => versions.current(id)));
  expect(found.map(({ version }) => version)).toEqual(["1", "7", "1"]);
  expect(asked).toEqual([["a", "b"]]);
});

test("a copy is trusted for less than a second, then confirmed", async () => {
  const { versions, asked, state, truth } = world();
  await versions.current("a");
  truth.set("a", "2");
  state.clock = 999;
  expect(await versions.current("a")).toEqual({ version: "1", confirmed: true });
  state.clock = 1_000;
  expect(await versions.current("a")).toEqual({ version: "2", confirmed: true });
  expect(asked).toHaveLength(2);
});

test("trust without asking is for a second, never beyond what a newer ring, a commit or an absence leaves of it", async () => {
  const { versions, asked, state, bell } = world();
  expect(versions.trusted("a")).toBeNull();
  await versions.current("a");
  state.clock = 999;
  expect(versions.trusted("a")).toBe("1");
  versions.learned("a", "5", state.clock);
  expect(versions.trusted("a")).toBe("5");
  bell.ring("version", "a 6");
  expect(versions.trusted("a")).toBeNull();
  versions.learned("a", "6", state.clock);
  state.clock = 1_999;
  expect(versions.trusted("a")).toBeNull();
  state.away = true;
  expect(await versions.current("a")).toEqual({ version: "6", confirmed: false });
  expect(versions.trusted("a")).toBeNull();
  expect(asked).toHaveLength(2);
});

test("a ring of a newer version ends the trust, one of an older or a garbled one does not", async () => {
  const { versions, asked, bell } = world();
  await versions.current("b");
  for (const message of ["b 7", "b 6", "b x", "b", "", "nobody 99"]) bell.ring("version", message);
  await versions.current("b");
  expect(asked).toHaveLength(1);
  bell.ring("version", "b 8");
  await versions.current("b");
  expect(asked).toHaveLength(2);
});

test("what this process has committed is believed at once and told to the others; an older answer does not turn it back", async () => {
  const { versions, asked, bell, state } = world();
  const rung: string[] = [];
  bell.listen("version", (message) => rung.push(message));
  await versions.current("a");
  versions.learned("a", "5", state.clock);
  versions.learned("a", "5", state.clock);
  versions.learned("a", "4", state.clock);
  expect(await versions.current("a")).toEqual({ version: "5", confirmed: true });
  expect(asked).toHaveLength(1);
  expect(rung[0]).toBe("a 5");
});

test("trust is counted from when a version was asked for, not from when it was heard of late", () => {
  const { versions, state } = world();
  state.clock = 900;
  versions.learned("a", "5", 100);
  expect(versions.trusted("a")).toBe("5");
  state.clock = 1_100;
  expect(versions.trusted("a")).toBeNull();
  versions.learned("a", "6");
  expect(versions.trusted("a")).toBeNull();
  expect(versions.seen("a")).toBe("6");
});

test("what was read before a ring and comes after it does not bring the trust back, nor does an older version", () => {
  const { versions, state, bell } = world();
  versions.learned("a", "5", 0);
  state.clock = 50;
  bell.ring("version", "a 7");
  state.clock = 60;
  for (const late of ["4", "5", "6"]) {
    versions.learned("a", late, 40);
    expect([late, versions.trusted("a")]).toEqual([late, null]);
  }
  versions.learned("a", "7", 40);
  expect(versions.trusted("a")).toBe("7");
  versions.learned("a", "5", 900);
  state.clock = 1_050;
  expect(versions.trusted("a")).toBeNull();
});

test("with the database away a copy is used unconfirmed for five minutes, a rung one too; then no more", async () => {
  const { versions, state, bell } = world();
  await versions.current("a");
  bell.ring("version", "a 2");
  state.away = true;
  for (const clock of [10, 1_000, 299_999]) {
    state.clock = clock;
    expect(await versions.current("a")).toEqual({ version: "1", confirmed: false });
  }
  state.clock = 300_000;
  await expect(versions.current("a")).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
  await expect(versions.current("b")).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
  state.away = false;
  expect(await versions.current("a")).toEqual({ version: "1", confirmed: true });
});

test("a person that does not exist is not known here", async () => {
  await expect(world().versions.current("c")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});
