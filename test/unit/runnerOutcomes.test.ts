import { expect, test } from "vitest";
import type { Decision } from "../../src/plan/types.ts";
import { countChanges, type Outcome, outcomesOf } from "../../src/runner/update/outcomes.ts";
import type { EngineStep } from "../../src/runner/update/steps.ts";
import { cluster, live } from "./planFixtures.ts";
import { planned, STACK, STALE_URN, toCreate, toDelete, urnOf } from "./runnerPlannedFixture.ts";

const outputs = { associationId: "a-1", namespace: "default" };
const step = (overrides: Partial<EngineStep>): EngineStep => ({
  urn: urnOf("default/app"),
  operation: "create",
  failed: false,
  ...overrides,
});
const adopt = toCreate({ action: "adopt", associationId: "a-1" });
const purge = toDelete({ action: "purge" });

test.each<[string, Decision, EngineStep, Partial<Outcome> | undefined]>([
  ["a create", toCreate(), step({ outputs }), { change: "created", association: live() }],
  [
    "a create in the place of another",
    toCreate(),
    step({ operation: "create-replacement", outputs }),
    { change: "created" },
  ],
  [
    "an update",
    toCreate({ action: "update" }),
    step({ operation: "update", outputs }),
    { change: "updated", association: live() },
  ],
  ["an import", adopt, step({ operation: "import", outputs }), { change: "adopted", association: live() }],
  ["an import with an update", adopt, step({ operation: "update", outputs }), { change: "adopted" }],
  ["a delete", toDelete(), step({ operation: "delete" }), { change: "deleted" }],
  [
    "a failure",
    toCreate(),
    step({ failed: true, error: "no such role" }),
    { change: "failed", error: "no such role" },
  ],
  ["nothing to do", toCreate({ action: "update" }), step({ operation: "same", outputs }), undefined],
  ["outputs that are not an association's", toCreate(), step({ outputs: {} }), undefined],
  ["another resource", toCreate(), step({ urn: urnOf("default/other"), outputs }), undefined],
  [
    "a purge",
    purge,
    step({ urn: STALE_URN, operation: "update", outputs: { deleted: ["a-1"] } }),
    { change: "deleted" },
  ],
  ["a purge that spared it", purge, step({ urn: STALE_URN, outputs: { deleted: ["a-2"] } }), undefined],
  [
    "a purge that failed",
    purge,
    step({ urn: STALE_URN, failed: true, error: "denied" }),
    { change: "failed", error: "denied" },
  ],
  [
    "an earlier purge",
    purge,
    step({ urn: STALE_URN, operation: "same", outputs: { deleted: ["a-1"] } }),
    undefined,
  ],
])("%s", (_, decision, one, expected) => {
  const outcomes = outcomesOf([planned([decision])], [one], STACK);
  if (expected === undefined) expect(outcomes).toEqual([]);
  else expect(outcomes).toMatchObject([{ cluster, decision, ...expected }]);
});

test("an update's changes are those of associations, the purged ones included", () => {
  const provider = "urn:pulumi:dev::eks-pod-identity-sync::pulumi:providers:aws::eu-west-1";
  const steps = [
    step({ urn: provider }),
    step({ outputs }),
    step({ urn: urnOf("default/second"), outputs }),
    step({ urn: urnOf("default/third"), operation: "same", outputs }),
    step({ urn: urnOf("default/fourth"), operation: "update", failed: true }),
    step({ urn: STALE_URN, operation: "update", outputs: { deleted: ["a-1"] } }),
  ];
  const outcomes = outcomesOf([planned([toCreate(), purge])], steps, STACK);
  expect(countChanges(steps, outcomes)).toEqual({ create: 2, delete: 1 });
});
