import { expect, test } from "vitest";
import {
  type Attempts,
  changesOf,
  nextRetry,
  withAttempts,
  withoutWaiting,
} from "../../src/runner/loop/attempts.ts";
import { roleArn } from "./planFixtures.ts";
import { planned, toCreate, toDelete } from "./runnerPlannedFixture.ts";

const refused = toCreate();
const other = toDelete({ name: "other" });
const none: Attempts = new Map();
const retryAt = (failures: number) => failures * 100;
const after = (
  attempts: Attempts,
  tried: Parameters<typeof planned>[0],
  left: Parameters<typeof planned>[0],
) => withAttempts(attempts, changesOf([planned(tried)]), changesOf([planned(left)]), retryAt);
/** The names of the rows that an update may take up. */
const ready = (attempts: Attempts, decisions: Parameters<typeof planned>[0], now: number) =>
  withoutWaiting([planned(decisions)], attempts, now).flatMap(({ plan }) =>
    plan.decisions.map(({ name }) => name),
  );

test("what was tried and is still asked for waits, and nothing else does", () => {
  const attempts = after(none, [refused, other], [refused]);
  expect(ready(attempts, [refused, other], 99)).toEqual(["other"]);
  expect(ready(attempts, [refused, other], 100)).toEqual(["app", "other"]);
  expect(nextRetry(attempts)).toBe(100);
});

test("each failure in a row makes the wait longer; plans without an update don't", () => {
  const once = after(none, [refused], [refused]);
  const planAlone = after(once, [], [refused]);
  expect(planAlone).toEqual(once);
  const twice = after(planAlone, [refused], [refused]);
  expect([...twice.values()]).toMatchObject([{ failures: 2, retryAt: 200 }]);
});

test("what is asked for no more is forgotten", () => {
  const once = after(none, [refused], [refused]);
  expect(after(once, [refused], [])).toEqual(none);
  expect(nextRetry(after(once, [], []))).toBeUndefined();
});

test("another wish for the same ServiceAccount does not wait, and starts anew", () => {
  const once = after(none, [refused], [refused]);
  const spec = { roleArn: roleArn("writer") };
  const changed = toCreate({ declared: { spec, tags: {}, from: "wanted" } });
  expect(ready(once, [changed], 0)).toEqual(["app"]);
  expect(after(once, [], [changed])).toEqual(none);
  expect([...after(once, [changed], [changed]).values()]).toMatchObject([{ failures: 1 }]);
  // Changed while the update ran: not what was tried.
  expect(after(none, [refused], [changed])).toEqual(none);
});

test("the same change in other words is the same change", () => {
  const once = after(none, [refused], [refused]);
  expect(ready(once, [toCreate({ reason: "in other words" })], 0)).toEqual([]);
});

test("rows that ask for nothing stay in the plan", () => {
  const once = after(none, [refused], [refused]);
  expect(ready(once, [refused, toCreate({ name: "same", action: "unchanged" })], 0)).toEqual(["same"]);
});
