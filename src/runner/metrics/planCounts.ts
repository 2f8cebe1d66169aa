import type { ClusterPlan, Decision } from "../../plan/types.ts";

/** The Go controller's label `ignore_reason`. */
export type IgnoreReason = "not_ignored" | "excluded" | "restricted_role";

/** Numbers by reason; every reason is there. */
export type ReasonCounts = Readonly<Record<IgnoreReason, number>>;

/** What a plan tells of a cluster's size. */
export interface PlanCounts {
  readonly serviceAccounts: ReasonCounts;
  readonly associations: ReasonCounts;
}

/** Counts annotated ServiceAccounts, and the associations that are ours to keep or to delete. */
export function countPlan({ decisions }: ClusterPlan): PlanCounts {
  return {
    serviceAccounts: countBy(decisions, serviceAccountReason),
    associations: countBy(decisions, associationReason),
  };
}

/** The sums, for clusters that share a name. */
export function addCounts(all: readonly PlanCounts[]): PlanCounts {
  return {
    serviceAccounts: sumOf(all.map(({ serviceAccounts }) => serviceAccounts)),
    associations: sumOf(all.map(({ associations }) => associations)),
  };
}

function sumOf(all: readonly ReasonCounts[]): ReasonCounts {
  const sum = { not_ignored: 0, excluded: 0, restricted_role: 0 };
  for (const counts of all) {
    sum.not_ignored += counts.not_ignored;
    sum.excluded += counts.excluded;
    sum.restricted_role += counts.restricted_role;
  }
  return sum;
}

function countBy(
  decisions: readonly Decision[],
  reasonOf: (decision: Decision) => IgnoreReason | undefined,
): ReasonCounts {
  const counts = { not_ignored: 0, excluded: 0, restricted_role: 0 };
  for (const decision of decisions) {
    const reason = reasonOf(decision);
    if (reason !== undefined) counts[reason] += 1;
  }
  return counts;
}

/** Undefined where the row is about an association whose ServiceAccount is gone or carries no annotation. */
function serviceAccountReason({ action, cause }: Decision): IgnoreReason | undefined {
  if (cause === "excluded" || cause === "restricted_role") return cause;
  if (action === "delete" || action === "purge") return undefined;
  // Nobody asks for it, and it is not ours: an association alone.
  if (action === "ignore" && (cause === "external" || cause === "addon")) return undefined;
  return "not_ignored";
}

/** Undefined where the row has no association yet, or another's. Roles restrict ServiceAccounts only, as there. */
function associationReason({ action, cause, associationId }: Decision): IgnoreReason | undefined {
  if (associationId === undefined || action === "create") return undefined;
  if (cause === "external" || cause === "addon" || (action === "ignore" && cause === "restricted_role")) {
    return undefined;
  }
  return cause === "excluded" ? "excluded" : "not_ignored";
}
