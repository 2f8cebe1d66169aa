import { expect, test } from "vitest";
import { nextStart, type Schedule, withEvent, withStart } from "../../src/runner/loop/schedule.ts";

const policy = { minimumGapMs: 1_000, settleMs: 20 };

test.each<[string, Schedule, number | undefined]>([
  ["nothing happened", {}, undefined],
  ["nothing happened since the last round began", withStart(5_000), undefined],
  ["the first event, before any round", withEvent({}, 100), 120],
  ["an event long after the last round began", withEvent(withStart(5_000), 9_000), 9_020],
  ["an event right after a round began waits for the gap", withEvent(withStart(5_000), 5_001), 6_000],
  ["an event just before the gap ends settles first", withEvent(withStart(5_000), 5_990), 6_010],
  ["a storm never puts off the round of its first event", withEvent(withEvent({}, 100), 119), 120],
  ["a round takes up all events before it", withStart(200), undefined],
])("%s", (_, schedule, expected) => {
  expect(nextStart(schedule, policy)).toBe(expected);
});

test("an event while a round runs asks for the next one", () => {
  const running = withStart(1_000);
  expect(nextStart(withEvent(running, 1_500), policy)).toBe(2_000);
});
