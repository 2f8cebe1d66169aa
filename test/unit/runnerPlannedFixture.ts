import type { Decision } from "../../src/plan/types.ts";
import type { PlannedCluster } from "../../src/program/planned.ts";
import { cluster, openRules, ownTags, roleArn } from "./planFixtures.ts";

/** The stack of these tests. */
export const STACK = "dev";

/** The URN of an association of the cluster `blue`. */
export function urnOf(key: string, stack = STACK): string {
  return `urn:pulumi:${stack}::eks-pod-identity-sync::eks-pod-identity-sync:index:Cluster$aws:eks/podIdentityAssociation:PodIdentityAssociation::111122223333/eu-west-1/blue/${key}`;
}

/** The URN of the resource that purges in the cluster `blue`. */
export const STALE_URN = `urn:pulumi:${STACK}::eks-pod-identity-sync::eks-pod-identity-sync:index:Cluster$pulumi-nodejs:dynamic/eks-pod-identity-sync:StaleAssociations::111122223333/eu-west-1/blue`;

/** A decision on `default/app` that asks for a new association of the role `reader`, where nothing else is said. */
export function toCreate(overrides: Partial<Decision> = {}): Decision {
  return {
    namespace: "default",
    name: "app",
    action: "create",
    reason: "annotated, and has no association",
    roleArn: roleArn("reader"),
    declared: { spec: { roleArn: roleArn("reader") }, tags: ownTags, from: "wanted" },
    ...overrides,
  };
}

/** A decision on `default/app` whose association `a-1` goes. */
export function toDelete(overrides: Partial<Decision> = {}): Decision {
  return {
    namespace: "default",
    name: "app",
    action: "delete",
    reason: "the ServiceAccount is gone",
    associationId: "a-1",
    recorded: true,
    ...overrides,
  };
}

/** The cluster `blue` with these decisions. */
export function planned(
  decisions: readonly Decision[],
  overrides: Partial<PlannedCluster> = {},
): PlannedCluster {
  const access = { kind: "local" } as const;
  return {
    plan: { cluster, decisions },
    scope: { region: cluster.region },
    source: { access, rules: openRules, reads: "provider" },
    stale: undefined,
    ...overrides,
  };
}
