import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../discovery/clusters.ts";
import { clusterKey } from "../model/cluster.ts";
import { keyOf } from "../model/serviceAccount.ts";
import type { Cause, ClusterPlan, Decision } from "../plan/types.ts";

// What somebody has to mend is a warning; what works as configured is information.
const warned: ReadonlySet<Cause> = new Set(["invalid", "untrusted_role", "external", "addon"]);

/** Shows, in the engine's diagnostics, why a cluster is held and why ServiceAccounts do not get what they ask for. */
export function reportPlan(plan: ClusterPlan): void {
  const cluster = clusterKey(plan.cluster);
  if (plan.blocked !== undefined) {
    pulumi.log.warn(`cluster ${cluster}: ${plan.blocked}`);
    return;
  }
  for (const decision of plan.decisions) {
    const line = `cluster ${cluster}: ServiceAccount ${keyOf(decision)}: ${decision.reason}`;
    if (isWarning(decision)) pulumi.log.warn(line);
    else if (decision.action === "ignore" || decision.action === "keep") pulumi.log.info(line);
  }
}

function isWarning({ action, cause, drifted }: Decision): boolean {
  if (action === "conflict" || drifted) return true;
  return (action === "ignore" || action === "keep") && cause !== undefined && warned.has(cause);
}

/** Shows a part of the configuration that could not be read or used. */
export function reportProblem({ where, message }: Problem): void {
  pulumi.log.warn(`${where}: ${message}`);
}
