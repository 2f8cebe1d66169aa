import { expect, test } from "vitest";
import type { Decision } from "../../src/plan/types.ts";
import type { RecordedCluster, RecordedResource } from "../../src/program/state.ts";
import { recordedAfter } from "../../src/runner/update/recordedAfter.ts";
import type { EngineStep } from "../../src/runner/update/steps.ts";
import { cluster, roleArn } from "./planFixtures.ts";
import { planned, STACK, STALE_URN, toCreate, toDelete, urnOf } from "./runnerPlannedFixture.ts";

const KEY = "111122223333/eu-west-1/blue";
const tags = { "managed-by": "us" };

function resource(name: string, id: string, role = "reader"): RecordedResource {
  const spec = { roleArn: roleArn(role) };
  return { cluster, id, namespace: "default", name, spec, tags, provider: { region: "eu-west-1" } };
}

function outputs(name: string, id: string, role = "reader") {
  return {
    associationId: id,
    associationArn: `arn:aws:eks:eu-west-1:111122223333:podidentityassociation/blue/${id}`,
    clusterName: "blue",
    namespace: "default",
    serviceAccount: name,
    roleArn: roleArn(role),
    disableSessionTags: false,
    tags,
  };
}

const step = (operation: string, overrides: Partial<EngineStep> = {}): EngineStep => ({
  urn: urnOf("default/app"),
  operation,
  failed: false,
  ...overrides,
});

function after(before: readonly RecordedResource[], decisions: readonly Decision[], steps: EngineStep[]) {
  const recorded = new Map<string, RecordedCluster>([["other", { cluster, associations: [] }]]);
  if (before.length > 0) recorded.set(KEY, { cluster, associations: before });
  return recordedAfter(recorded, [planned(decisions)], steps, STACK);
}

const web = resource("web", "a-9");
const app = resource("app", "a-1");
const made = step("create", { outputs: outputs("app", "a-1") });

test.each<[string, readonly RecordedResource[], Decision, EngineStep, readonly RecordedResource[]]>([
  ["a create comes in its place", [web], toCreate(), made, [app, web]],
  [
    "an update has its new role",
    [app, web],
    toCreate({ action: "update" }),
    step("update", { outputs: outputs("app", "a-1", "admin") }),
    [resource("app", "a-1", "admin"), web],
  ],
  [
    "an import is known from then on",
    [web],
    toCreate({ action: "adopt" }),
    step("import", { outputs: outputs("app", "a-1") }),
    [app, web],
  ],
  [
    "what was as wanted stays",
    [app],
    toCreate({ action: "update" }),
    step("same", { outputs: outputs("app", "a-1") }),
    [app],
  ],
  ["a delete is gone", [app, web], toDelete(), step("delete"), [web]],
])("%s", (_, before, decision, done, associations) => {
  const recorded = after(before, [decision], [done]);
  expect(recorded?.get(KEY)).toEqual({ cluster, associations });
  expect(recorded?.get("other")).toEqual({ cluster, associations: [] });
});

test("a cluster whose last association is deleted is not known any more", () => {
  expect(after([app], [toDelete()], [step("delete")])?.has(KEY)).toBe(false);
});

test("the resource that purges stays as it was", () => {
  const stale = { account: "1", region: "r", clusterName: "blue", stale: [] } as unknown as NonNullable<
    RecordedCluster["stale"]
  >;
  const recorded = new Map([[KEY, { cluster, associations: [app], stale }]]);
  const left = recordedAfter(recorded, [planned([toDelete()])], [step("delete")], STACK);
  expect(left?.get(KEY)).toEqual({ cluster, associations: [], stale });
});

test.each<[string, Decision, EngineStep[]]>([
  ["no step of it was told", toCreate(), []],
  ["it failed", toCreate(), [step("create", { failed: true })]],
  ["it was replaced", toCreate(), [step("delete-replaced", { outputs: outputs("app", "a-1") })]],
  ["the outputs are not an association's", toCreate(), [step("create", { outputs: {} })]],
  ["something was purged", toDelete({ action: "purge" }), [step("update", { urn: STALE_URN })]],
])("the state is to be read where %s", (_, decision, steps) => {
  expect(after([web], [decision], steps)).toBeUndefined();
});
