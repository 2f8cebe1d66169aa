import { describe, expect, test } from "vitest";
import { inputsSchema, STALE_ASSOCIATIONS_TYPE } from "../../provider/inputs.ts";
import type { SelectedCluster } from "../../src/discovery/clusters.ts";
import { clusterKey } from "../../src/model/cluster.ts";
import { planCluster } from "../../src/plan/planCluster.ts";
import type { ClusterRules } from "../../src/plan/types.ts";
import { staleAssociationsOf } from "../../src/program/stale.ts";
import { readState } from "../../src/program/state.ts";
import { cluster, input, live, openRules, recorded, roleArn, serviceAccount } from "./planFixtures.ts";
import { inputsOf, stale } from "./purgeFixtures.ts";

function found(rules: Partial<ClusterRules>): SelectedCluster {
  return {
    ref: cluster,
    access: { kind: "local", context: "blue" },
    entry: {
      index: 0,
      roleArn: roleArn("sync"),
      region: cluster.region,
      selection: { self: true, name: cluster.name },
      rules: { ...openRules, ...rules },
      maxConcurrency: 3,
      forceIterative: false,
      serviceAccountReads: "list",
    },
  };
}

const external = live({ id: "a-9", name: "gone", tags: {} });
const unrecorded = live({ id: "a-8", name: "left" });
const plain = serviceAccount({ name: "plain", annotations: {} });
const lists = { serviceAccounts: [plain], live: [external, unrecorded, live()], recorded: [recorded()] };

function declared(rules: Partial<ClusterRules>, parts: Parameters<typeof input>[0] = lists, held = false) {
  const plan = planCluster(input({ ...parts, rules }));
  return staleAssociationsOf(plan, found(rules), held ? inputsOf([stale()]) : undefined);
}

describe("what the plan purges becomes inputs", () => {
  test("with purge on: others' and ours that the state does not know, not what the state deletes", () => {
    const inputs = declared({ purge: true });
    expect(inputs).toMatchObject({
      account: cluster.account,
      region: cluster.region,
      clusterName: cluster.name,
      roleArn: roleArn("sync"),
      access: { kind: "local", context: "blue" },
      maxConcurrency: 3,
    });
    expect(inputs?.stale).toEqual([
      {
        associationId: "a-9",
        namespace: "default",
        serviceAccount: "gone",
        ours: false,
        reason: "the ServiceAccount is gone; purge is on; made by somebody else (no tags)",
      },
      {
        associationId: "a-8",
        namespace: "default",
        serviceAccount: "left",
        ours: true,
        reason: "the ServiceAccount is gone",
      },
    ]);
  });

  test("with purge off: only ours", () => {
    expect(declared({ purge: false })?.stale).toMatchObject([{ associationId: "a-8", ours: true }]);
  });

  test("they are as the provider takes them", () => {
    expect(inputsSchema.parse(declared({ purge: true }))).toEqual(declared({ purge: true }));
  });
});

describe("the resource", () => {
  const nothing = { serviceAccounts: [plain] };
  const failed = { state: "failed" as const, reason: "no answer" };
  const unreadable = planCluster({ ...input({ rules: { purge: true } }), serviceAccounts: failed });

  test("is declared with nothing to delete where purge is on, or the state holds it", () => {
    expect(declared({ purge: true }, nothing)?.stale).toEqual([]);
    expect(declared({ purge: false }, nothing, true)?.stale).toEqual([]);
  });

  test("is not declared where there is nothing for it", () => {
    expect(declared({ purge: false }, nothing)).toBeUndefined();
  });

  test.each([
    { title: "a listing failed", plan: unreadable, selected: found({ purge: true }) },
    { title: "no entry selects the cluster", plan: { cluster, decisions: [] }, selected: undefined },
  ])("stays, with nothing to delete, where $title", ({ plan, selected }) => {
    const held = inputsOf([stale()]);
    expect(staleAssociationsOf(plan, selected, held)).toEqual({ ...held, stale: [] });
    expect(staleAssociationsOf(plan, selected, undefined)).toBeUndefined();
  });

  test("deletes nothing where more would go than may", () => {
    const rules = { purge: true, deletionLimit: { count: 1, share: 0 } };
    expect(planCluster(input({ ...lists, rules })).blocked).toBeDefined();
    expect(declared(rules)).toBeUndefined();
    expect(declared(rules, lists, true)?.stale).toEqual([]);
  });
});

describe("in the state", () => {
  const inputs = inputsOf([stale()]);
  const resource = { urn: "urn:x", type: STALE_ASSOCIATIONS_TYPE, inputs: { ...inputs, __provider: "code" } };
  const read = (...resources: object[]) => readState({ deployment: { resources } });

  test("it is found by its cluster, with the inputs alone", () => {
    const known = read(resource).get(clusterKey(cluster));
    expect(known).toEqual({ cluster, associations: [], stale: inputs });
  });

  test("one that another version wrote, or that is on its way out, counts as none", () => {
    expect(read({ ...resource, inputs: { clusterName: "blue" } }).size).toBe(0);
    expect(read({ ...resource, delete: true }).size).toBe(0);
  });
});
