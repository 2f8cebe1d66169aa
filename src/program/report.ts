import * as pulumi from "@pulumi/pulumi";
import type { Notice } from "../discovery/clusters.ts";
import { clusterKey } from "../model/cluster.ts";
import { keyOf } from "../model/serviceAccount.ts";
import type { Cause, ClusterPlan, Decision } from "../plan/types.ts";
import { isPurged } from "./stale.ts";

// What somebody has to mend is a warning; what works as configured is information.
const warned: ReadonlySet<Cause> = new Set(["invalid", "untrusted_role", "external", "addon"]);

/**
 * Shows, in the engine's diagnostics, why a cluster is held, why ServiceAccounts
 * do not get what they ask for, and what goes that no other line of the preview names.
 */
export function reportPlan(plan: ClusterPlan): void {
  const cluster = clusterKey(plan.cluster);
  if (plan.blocked !== undefined) {
    pulumi.log.warn(`cluster ${cluster}: ${plan.blocked}`);
    return;
  }
  for (const decision of plan.decisions) {
    const what = isPurged(decision) ? `stale association ${decision.associationId} is to be deleted: ` : "";
    const line = `cluster ${cluster}: ServiceAccount ${keyOf(decision)}: ${what}${decision.reason}`;
    if (isWarning(decision)) pulumi.log.warn(line);
    else if (what !== "" || decision.action === "ignore" || decision.action === "keep") pulumi.log.info(line);
  }
}

function isWarning({ action, cause, drifted, warns }: Decision): boolean {
  if (action === "conflict" || drifted || warns) return true;
  return (action === "ignore" || action === "keep") && cause !== undefined && warned.has(cause);
}

/** Shows a part of the configuration that could not be read or used. */
export function reportProblem({ where, message }: Notice): void {
  pulumi.log.warn(`${where}: ${message}`);
}
