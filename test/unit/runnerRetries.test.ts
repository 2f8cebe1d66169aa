import { expect, test } from "vitest";
import { Retries } from "../../src/runner/loop/retries.ts";
import { HandClock } from "./runnerClock.ts";
import { planned, toCreate } from "./runnerPlannedFixture.ts";

const refused = [planned([toCreate()])];
const both = [planned([toCreate(), toCreate({ name: "other" })])];
const names = (plans: typeof both) => plans.flatMap(({ plan }) => plan.decisions.map(({ name }) => name));

/** Waits are as long as they can be. */
function retriesAt() {
  const clock = new HandClock();
  const retries = new Retries(clock, () => 1);
  return { clock, retries, wait: () => (retries.nextAt ?? Number.NaN) - clock.now() };
}

test.each([
  ["failed", [4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000]],
  ["locked", [4_000, 8_000, 15_000, 15_000]],
] as const)("a whole that %s pauses everything, longer each time", async (why, waits) => {
  const { clock, retries, wait } = retriesAt();
  for (const expected of waits) {
    retries.pause(why);
    expect(wait()).toBe(expected);
    await clock.advance(expected - 1);
    retries.begin();
    expect(retries.paused).toBe(true);
    await clock.advance(1);
    retries.begin();
    expect(retries.paused).toBe(false);
  }
  retries.worked();
  retries.pause(why);
  expect(wait()).toBe(4_000);
});

test("a single association waits alone, and longer each time", async () => {
  const { clock, retries, wait } = retriesAt();
  retries.after(both, refused, 1_000);
  expect(retries.paused).toBe(false);
  expect(names([...retries.ready(both)])).toEqual(["other"]);
  expect(wait()).toBe(4_000);
  await clock.advance(4_000);
  expect(names([...retries.ready(refused)])).toEqual(["app"]);
  retries.after(refused, refused, 1_000);
  expect(wait()).toBe(8_000);
  expect(retries.ready([])).toEqual([]);
  expect(retries.nextAt).toBeUndefined();
});

test("what takes long to fail is left alone for longer", () => {
  const { retries, wait } = retriesAt();
  retries.after(refused, refused, 117_000);
  expect(wait()).toBe(468_000);
});

test("who does not lead tries nothing again", () => {
  const { retries } = retriesAt();
  retries.after(refused, refused, 0);
  retries.forget();
  expect(retries.nextAt).toBeUndefined();
});
