import type { StaleAssociation, StaleAssociationsInputs } from "../../provider/inputs.ts";
import { writeRules } from "../../provider/rules.ts";
import type { SelectedCluster } from "../discovery/clusters.ts";
import type { ClusterPlan, Decision } from "../plan/types.ts";

/** True where an association goes that the state does not hold: leaving it out of the program would not delete it. */
export function isPurged({ action, recorded }: Decision): boolean {
  return action === "purge" || (action === "delete" && recorded === false);
}

/**
 * What the resource `StaleAssociations` of a cluster is declared with;
 * undefined: it is not declared. A cluster that can't be read, or is held,
 * keeps the resource that the state has, with nothing to delete.
 * @param found the cluster as an entry of the configuration selects it; absent where none was found to
 * @param recorded the inputs that the state has
 */
export function staleAssociationsOf(
  plan: ClusterPlan,
  found: SelectedCluster | undefined,
  recorded: StaleAssociationsInputs | undefined,
): StaleAssociationsInputs | undefined {
  if (found === undefined || plan.blocked !== undefined) {
    return recorded === undefined ? undefined : { ...recorded, stale: [] };
  }
  const { entry, ref, access } = found;
  const stale = plan.decisions.flatMap(staleAssociation);
  if (stale.length === 0 && !entry.rules.purge && recorded === undefined) return undefined;
  return {
    account: ref.account,
    region: ref.region,
    clusterName: ref.name,
    ...(entry.roleArn === undefined ? {} : { roleArn: entry.roleArn }),
    access,
    rules: writeRules(entry.rules),
    maxConcurrency: entry.maxConcurrency,
    stale,
  };
}

function staleAssociation(decision: Decision): readonly StaleAssociation[] {
  const { associationId, namespace, name, action, reason } = decision;
  if (!isPurged(decision) || associationId === undefined) return [];
  return [{ associationId, namespace, serviceAccount: name, ours: action === "delete", reason }];
}
