import { expect, test } from "vitest";
import type { LeaseRecord } from "../../src/kubernetes/leases.ts";
import { electionStep, heldRecord, nextLookMs, releasedRecord } from "../../src/runner/election/election.ts";

const policy = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

function lease(holder: string, renewTime = "t1", durationMs = 15_000): LeaseRecord {
  return { holder, durationMs, acquireTime: "t0", renewTime, transitions: 3 };
}

test.each([
  { what: "there is no Lease", found: undefined, step: { action: "create" } },
  { what: "it is ours", found: lease("me"), step: { action: "renew" } },
  {
    what: "it is ours and ran out",
    found: lease("me"),
    seen: { record: lease("me"), at: 0 },
    step: { action: "renew" },
  },
  { what: "it was released", found: lease(""), step: { action: "acquire" } },
  {
    what: "another's, seen for the first time",
    found: lease("you"),
    step: { action: "wait", until: 115_000 },
  },
  {
    what: "another's, seen before and not renewed",
    found: lease("you"),
    seen: { record: lease("you"), at: 85_001 },
    step: { action: "wait", until: 100_001 },
  },
  {
    what: "another's, not renewed for its length",
    found: lease("you"),
    seen: { record: lease("you"), at: 85_000 },
    step: { action: "acquire" },
  },
  {
    what: "another's, renewed since",
    found: lease("you", "t2"),
    seen: { record: lease("you"), at: 10 },
    step: { action: "wait", until: 115_000 },
  },
  {
    what: "a third one's by now",
    found: lease("third"),
    seen: { record: lease("you"), at: 10 },
    step: { action: "wait", until: 115_000 },
  },
  {
    what: "another's that is longer than ours",
    found: lease("you", "t1", 60_000),
    seen: { record: lease("you", "t1", 60_000), at: 50_000 },
    step: { action: "wait", until: 110_000 },
  },
  {
    what: "another's without a length",
    found: lease("you", "t1", 0),
    seen: { record: lease("you", "t1", 0), at: 90_000 },
    step: { action: "wait", until: 105_000 },
  },
])("$what: $step.action", ({ found, seen, step }) => {
  expect(electionStep(found, 100_000, seen, "me", policy)).toMatchObject(step);
});

test.each(["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])(
  "a holder whose clock shows %s holds as long as any other",
  (renewTime) => {
    const found = lease("you", renewTime);
    const seen = { record: found, at: 0 };
    expect(electionStep(found, 14_999, seen, "me", policy).action).toBe("wait");
    expect(electionStep(found, 15_000, seen, "me", policy).action).toBe("acquire");
  },
);

test("what is written: a new one, one taken over, one renewed, one released", () => {
  const mine = { holder: "me", durationMs: 15_000, renewTime: "now" };
  expect(heldRecord(undefined, "me", policy, "now")).toEqual({ ...mine, acquireTime: "now", transitions: 0 });
  expect(heldRecord(lease("you"), "me", policy, "now")).toEqual({
    ...mine,
    acquireTime: "now",
    transitions: 4,
  });
  expect(heldRecord(lease("me"), "me", policy, "now")).toEqual({
    ...mine,
    acquireTime: "t0",
    transitions: 3,
  });
  expect(releasedRecord(lease("me"), "now")).toEqual({ ...lease(""), durationMs: 1_000, renewTime: "now" });
});

test("a candidate looks again after the retry period, but not later than the Lease may be taken", () => {
  const wait = (until: number) => ({
    action: "wait" as const,
    until,
    observed: { record: lease("you"), at: 0 },
  });
  expect(nextLookMs(undefined, 100, 0, policy)).toBe(2_000);
  expect(nextLookMs(undefined, 100, 1, policy)).toBe(2_400);
  expect(nextLookMs(wait(90_000), 100, 0.5, policy)).toBe(2_200);
  expect(nextLookMs(wait(1_100), 100, 0.5, policy)).toBe(1_000);
  expect(nextLookMs(wait(50), 100, 0.5, policy)).toBe(0);
});
