import { STALE_ASSOCIATIONS_TYPE } from "../../../provider/inputs.ts";
import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import type { ServiceAccountRef } from "../../model/serviceAccount.ts";
import type { Action, Decision } from "../../plan/types.ts";
import { associationName } from "../../program/names.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import { isPurged } from "../../program/stale.ts";
import { ASSOCIATION_TYPE } from "../../program/state.ts";

const PROJECT = "eks-pod-identity-sync";
const CLUSTER_TYPE = "eks-pod-identity-sync:index:Cluster";

const CHANGES: ReadonlySet<Action> = new Set(["create", "adopt", "update", "delete", "purge"]);

/** True where the decision asks for an update. */
export function isChange(decision: Decision): boolean {
  return CHANGES.has(decision.action) || decision.drifted === true;
}

/** An update of just what changed: what to declare, and which URNs to touch. */
export interface Touched {
  readonly planned: readonly PlannedCluster[];
  readonly targets: readonly string[];
  /** How many associations are to change. */
  readonly changes: number;
  /** True where the state must be read anew from AWS before it can be mended. */
  readonly refresh: boolean;
}

/** The part of the plans that asks for an update; undefined: there is nothing to do. */
export function touchedOf(planned: readonly PlannedCluster[], stack: string): Touched | undefined {
  const touched = planned.flatMap((cluster) => {
    const decisions = cluster.plan.decisions.filter(isChange);
    return decisions.length === 0 ? [] : [{ ...cluster, plan: { ...cluster.plan, decisions } }];
  });
  if (touched.length === 0) return undefined;
  const decisions = touched.flatMap(({ plan }) => plan.decisions);
  return {
    planned: touched.map(fromList),
    targets: [...new Set(touched.flatMap((cluster) => urnsOf(cluster, stack)))],
    changes: decisions.length,
    refresh: decisions.some(({ drifted }) => drifted === true),
  };
}

/** The watch has just read these ServiceAccounts; reading them again through the provider would double the wait. */
function fromList(cluster: PlannedCluster): PlannedCluster {
  return cluster.source === undefined
    ? cluster
    : { ...cluster, source: { ...cluster.source, reads: "list" } };
}

/**
 * Neither component nor provider is among them: the engine takes what hangs on
 * a target for a part of it, and refuses to leave the rest of the cluster out.
 */
function urnsOf({ plan, stale }: PlannedCluster, stack: string): readonly string[] {
  const associations = plan.decisions
    .filter((decision) => !isPurged(decision))
    .map((decision) => associationUrn(stack, plan.cluster, decision));
  if (stale === undefined || !plan.decisions.some(isPurged)) return associations;
  return [...associations, staleAssociationsUrn(stack, plan.cluster)];
}

/** The URN of an association in a stack. */
export function associationUrn(stack: string, cluster: ClusterRef, ref: ServiceAccountRef): string {
  return urn(stack, ASSOCIATION_TYPE, associationName(cluster, ref));
}

/** The URN of a cluster's resource that purges. */
export function staleAssociationsUrn(stack: string, cluster: ClusterRef): string {
  return urn(stack, STALE_ASSOCIATIONS_TYPE, clusterKey(cluster));
}

/** A child of a cluster's component. */
function urn(stack: string, type: string, name: string): string {
  return `urn:pulumi:${stack.split("/").at(-1)}::${PROJECT}::${CLUSTER_TYPE}$${type}::${name}`;
}
