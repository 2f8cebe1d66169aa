import { expect, test } from "vitest";
import { MOST_ON_THEIR_WAY, PATIENCE_MS, Pace } from "../../src/runner/update/pace.ts";
import { HandClock, settle } from "./runnerClock.ts";

/** A program that declares `count` associations, each when it is its turn. */
function declaring(count: number) {
  const clock = new HandClock();
  const cancel = new AbortController();
  const pace = new Pace(clock, cancel.signal);
  const declared: string[] = [];
  const program = async () => {
    for (let index = 0; index < count; index++) {
      await pace.turn(`urn-${index}`);
      declared.push(`urn-${index}`);
    }
  };
  return { clock, pace, declared, cancel, ended: program() };
}

test("what fits on the way is declared at once", async () => {
  const { clock, declared } = declaring(MOST_ON_THEIR_WAY);
  await settle();
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY);
  expect(clock.waiting).toBe(0);
});

test("each one that the engine is done with makes room for one more", async () => {
  const { clock, pace, declared } = declaring(MOST_ON_THEIR_WAY + 3);
  await settle();
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY);
  pace.done("urn-7");
  await settle();
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY + 1);
  for (const urn of ["urn-0", "urn-1"]) pace.done(urn);
  await settle();
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY + 3);
  expect(clock.waiting).toBe(0);
});

test("a word about something else, or a second one, makes no room", async () => {
  const { pace, declared } = declaring(MOST_ON_THEIR_WAY + 3);
  await settle();
  for (const urn of ["urn-0", "urn-0", "a provider"]) pace.done(urn);
  await settle();
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY + 1);
});

test("an engine that is silent for too long is not waited for any more", async () => {
  const { clock, pace, declared } = declaring(5 * MOST_ON_THEIR_WAY);
  await clock.advance(PATIENCE_MS - 1);
  pace.done("urn-0");
  await clock.advance(PATIENCE_MS - 1);
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY + 1);
  await clock.advance(1);
  expect(declared).toHaveLength(5 * MOST_ON_THEIR_WAY);
});

test("a canceled update ends the program where it waits", async () => {
  const { clock, declared, cancel, ended } = declaring(2 * MOST_ON_THEIR_WAY);
  await settle();
  cancel.abort(new Error("the update is canceled"));
  await expect(ended).rejects.toThrow("the update is canceled");
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY);
  expect(clock.waiting).toBe(0);
});

test("after the end of the update nothing is declared, and no timer is left", async () => {
  const { clock, pace, declared } = declaring(2 * MOST_ON_THEIR_WAY);
  await settle();
  pace.end();
  await clock.advance(2 * PATIENCE_MS);
  expect(declared).toHaveLength(MOST_ON_THEIR_WAY);
  expect(clock.waiting).toBe(0);
});
