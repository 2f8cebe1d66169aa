import { expect, test } from "vitest";
import type { StaleAssociationsInputs } from "../../provider/inputs.ts";
import type { Action, Decision } from "../../src/plan/types.ts";
import { isChange, touchedOf } from "../../src/runner/update/touched.ts";
import { cluster } from "./planFixtures.ts";
import { planned, STACK, STALE_URN, toCreate, toDelete, urnOf } from "./runnerPlannedFixture.ts";

const stale: StaleAssociationsInputs = {
  account: cluster.account,
  region: cluster.region,
  clusterName: cluster.name,
  access: { kind: "local" },
  rules: {
    annotations: { roleArn: "a", targetRoleArn: "b", disableSessionTags: "c", policy: "d" },
    exclude: [],
    restrict: [],
    tags: {},
  },
  maxConcurrency: 1,
  stale: [],
};
const unchanged: Decision = { ...toCreate({ name: "same" }), action: "unchanged", associationId: "a-2" };

test.each<[Action, boolean]>([
  ["create", true],
  ["adopt", true],
  ["update", true],
  ["delete", true],
  ["purge", true],
  ["unchanged", false],
  ["keep", false],
  ["conflict", false],
  ["ignore", false],
])("%s asks for an update: %s", (action, expected) => {
  expect(isChange(toCreate({ action }))).toBe(expected);
});

test("plans that ask for nothing touch nothing", () => {
  expect(touchedOf([planned([unchanged]), planned([])], STACK)).toBeUndefined();
});

test("only the rows that change are declared and targeted, each read from the watch", () => {
  const touched = touchedOf(
    [planned([unchanged, toCreate(), toDelete({ name: "old" })]), planned([unchanged])],
    STACK,
  );
  expect(touched).toMatchObject({
    targets: [urnOf("default/app"), urnOf("default/old")],
    changes: 2,
    refresh: false,
  });
  expect(
    touched?.planned.map(({ plan, source }) => [plan.decisions.map(({ name }) => name), source?.reads]),
  ).toEqual([[["app", "old"], "list"]]);
});

test("what drifted is refreshed first", () => {
  expect(touchedOf([planned([toCreate({ drifted: true })])], STACK)?.refresh).toBe(true);
});

test("in URNs a stack of Pulumi Cloud has its short name", () => {
  expect(touchedOf([planned([toCreate()])], "organization/project/prod")?.targets).toEqual([
    urnOf("default/app", "prod"),
  ]);
});

test.each<[string, readonly Decision[], readonly string[]]>([
  [
    "somebody else's",
    [toDelete({ action: "purge" }), toCreate({ name: "new" })],
    [urnOf("default/new"), STALE_URN],
  ],
  ["ours, of which the state does not know", [toDelete({ recorded: false })], [STALE_URN]],
  ["none", [toDelete()], [urnOf("default/app")]],
])("stale associations are one resource: %s", (_, decisions, expected) => {
  expect(touchedOf([planned(decisions, { stale })], STACK)?.targets).toEqual(expected);
});
