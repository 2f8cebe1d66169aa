import { expect, test } from "vitest";
import { countActions, hasChanges, planJson } from "../../src/plan/summary.ts";
import type { Action, ClusterPlan, Decision } from "../../src/plan/types.ts";
import { cluster } from "./planFixtures.ts";

const actions: readonly Action[] = [
  "create",
  "adopt",
  "update",
  "unchanged",
  "keep",
  "delete",
  "purge",
  "conflict",
  "ignore",
];

function decision(action: Action, rest: Partial<Decision> = {}): Decision {
  return { namespace: "default", name: `sa-${action}`, action, reason: `because ${action}`, ...rest };
}

test("counts every action over all clusters", () => {
  const plan: ClusterPlan = { cluster, decisions: actions.map((action) => decision(action)) };
  const more: ClusterPlan = { cluster, decisions: [decision("create"), decision("ignore")] };
  expect(countActions([plan, more])).toEqual({
    create: 2,
    adopt: 1,
    update: 1,
    unchanged: 1,
    keep: 1,
    delete: 1,
    purge: 1,
    conflict: 1,
    ignore: 2,
  });
  expect(countActions([])).toEqual(Object.fromEntries(actions.map((action) => [action, 0])));
});

test.each(actions)("whether %s is a change", (action) => {
  const expected = ["create", "adopt", "update", "delete", "purge"].includes(action);
  expect(hasChanges({ cluster, decisions: [decision("unchanged"), decision(action)] })).toBe(expected);
});

test("the JSON form has a list for each change, and the rest with its reason", () => {
  const about = { roleArn: "arn:aws:iam::111122223333:role/reader", associationId: "a-1" };
  const plan: ClusterPlan = {
    cluster,
    decisions: actions.map((action) => decision(action, action === "purge" ? {} : about)),
  };
  const change = (action: Action) => [{ namespace: "default", name: `sa-${action}`, ...about }];
  const ignored = (action: Action) => ({
    namespace: "default",
    name: `sa-${action}`,
    reason: `because ${action}`,
  });
  expect(planJson([plan])).toEqual({
    clusters: [
      {
        name: "blue",
        create: change("create"),
        adopt: change("adopt"),
        update: change("update"),
        delete: change("delete"),
        purge: [{ namespace: "default", name: "sa-purge" }],
        ignored: [ignored("keep"), ignored("conflict"), ignored("ignore")],
      },
    ],
  });
});

test("the JSON form names every cluster in order, and why one is blocked", () => {
  const green = { ...cluster, name: "green" };
  const { clusters } = planJson([
    { cluster: green, decisions: [], blocked: "too many deletions" },
    { cluster, decisions: [] },
  ]);
  const empty = { create: [], adopt: [], update: [], delete: [], purge: [], ignored: [] };
  expect(clusters).toStrictEqual([
    { name: "green", ...empty, blocked: "too many deletions" },
    { name: "blue", ...empty },
  ]);
});
