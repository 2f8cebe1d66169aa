import type { ClusterRef } from "../../src/model/cluster.ts";
import { byNamespaceAndName } from "../../src/plan/row.ts";
import type { ClusterPlan, Decision } from "../../src/plan/types.ts";
import type { UpdateEnd, UpdateStart } from "../../src/runner/types.ts";

export const blue: ClusterRef = { name: "blue", region: "eu-west-1", account: "111122223333" };
export const green: ClusterRef = { name: "green", region: "us-east-1", account: "444455556666" };
/** The same name as blue's, in another account. */
export const otherBlue: ClusterRef = { ...blue, account: "444455556666" };

/** An association as annotated, where nothing else is said. */
export function decision(overrides: Partial<Decision> = {}): Decision {
  return {
    namespace: "shop",
    name: "api",
    action: "unchanged",
    reason: "as annotated",
    associationId: "a-1",
    roleArn: "arn:aws:iam::111122223333:role/shop-api",
    ...overrides,
  };
}

export function plan(cluster: ClusterRef, decisions: readonly Decision[], blocked?: string): ClusterPlan {
  const sorted = [...decisions].sort(byNamespaceAndName);
  return { cluster, decisions: sorted, ...(blocked === undefined ? {} : { blocked }) };
}

/** A plan of so many ServiceAccounts in sync, forty to a namespace. */
export function largePlan(cluster: ClusterRef, count: number): ClusterPlan {
  const decisions = Array.from({ length: count }, (_, index) =>
    decision({
      namespace: `team-${String(Math.floor(index / 40)).padStart(3, "0")}`,
      name: `service-${String(index % 40).padStart(2, "0")}`,
      associationId: `a-${String(index).padStart(17, "0")}`,
    }),
  );
  return plan(cluster, decisions);
}

/** An update of the stack `dev` that began at 1000. */
export function update(overrides: Partial<UpdateStart> = {}): UpdateStart {
  return { id: 1, stack: "dev", kind: "up", trigger: "change", targets: 1, startedAt: 1000, ...overrides };
}

/** Its end, 2.5 s later. */
export function updateEnd(overrides: Partial<UpdateEnd> = {}): UpdateEnd {
  return { ...update(), endedAt: 3500, result: "succeeded", changes: { create: 1 }, ...overrides };
}
