import { asRecorded, decide, isOurs } from "./decide.ts";
import { deletionGuard } from "./deletionGuard.ts";
import { keepRecorded } from "./keepRecorded.ts";
import { rememberMatches } from "./matchMemory.ts";
import { joinRows, type Row } from "./row.ts";
import type { Action, ClusterInput, ClusterPlan, Decision } from "./types.ts";

/**
 * Decides what happens to every association of one cluster. Pure and total:
 * no clock, no network, no log, and the same plan whatever the order of the lists.
 *
 *     ServiceAccount        | AWS holds for it:
 *                           | none       ours             external       an add-on's
 *     ----------------------+-----------------------------------------------------------
 *     wanted                | create 1)  adopt 2)         conflict 3)    conflict 3) 4)
 *                           |            update
 *                           |            unchanged
 *     excluded, invalid,    | ignore 5)  ignore 5)        ignore 5)      ignore 5)
 *     untrusted role 6)     |
 *     restricted            | ignore 7)  delete           purge or       ignore 7) 4)
 *                           |                             ignore 7) 8)
 *     unannotated, gone     | -      7)  delete           purge or       ignore 7) 4)
 *                           |                             ignore 7) 8)
 *
 * ours: the state holds its id, or it carries all our tags; and no add-on owns it
 * 1) `recreate` where the state holds one that AWS no longer has
 * 2) where the state does not hold its id
 * 3) where the state holds another id, that record stays declared (AWS lists with a delay)
 * 4) `keep` where an add-on took over the one that the state holds
 * 5) `keep`, declared as recorded, where the state holds one
 * 6) only with role_trust_check: block, or where a role that does not exist is waited for
 * 7) `delete` where the state holds one that AWS no longer has, unless it is purged
 * 8) purge only where purge_external_stale_associations is on
 *
 * Two things hold the whole cluster, so that nothing in it changes and what is
 * recorded stays declared: a listing that is not complete, and more deletions
 * than may be trusted (see `deletionGuard`).
 */
export function planCluster(input: ClusterInput): ClusterPlan {
  const { cluster, serviceAccounts, associations, recorded } = input;
  if (serviceAccounts.state === "failed" || associations.state === "failed") {
    const live = associations.state === "complete" ? associations.items : [];
    return keepRecorded(cluster, recorded, failuresOf(input).join("; "), live);
  }
  const rules = rememberMatches(input.rules);
  const known = { ...input, rules };
  const planned = joinRows(serviceAccounts.items, associations.items, recorded, rules).map((row) => ({
    row,
    decision: decide(row, known),
  }));

  const listsNothing = associations.items.length === 0;
  const tally = {
    deletions: planned.filter(({ row, decision }) => takesAway(row, decision, listsNothing)).length,
    managed: planned.filter(({ row }) => isManaged(row, input)).length,
    serviceAccounts: serviceAccounts.items.length,
  };
  const blocked = deletionGuard(tally, rules.deletionLimit, input.allowedDeletions);
  if (blocked === undefined) return { cluster, decisions: planned.map(({ decision }) => decision) };
  return { cluster, decisions: planned.map(({ row, decision }) => hold(row, decision)), blocked };
}

/**
 * True where the decision ends a live association. One that is recorded but
 * not listed is taken to be gone, unless the list is empty: that is no proof.
 */
function takesAway(row: Row, decision: Decision, listsNothing: boolean): boolean {
  if (decision.action !== "delete" && decision.action !== "purge") return false;
  return listsNothing || row.live?.id === decision.associationId;
}

function isManaged({ live, recorded }: Row, { rules }: ClusterInput): boolean {
  return recorded !== undefined || (live !== undefined && isOurs(live, recorded, rules.tags));
}

const WOULD_BE: Readonly<Partial<Record<Action, string>>> = {
  create: "would be created",
  adopt: "would be adopted",
  update: "would be updated",
  delete: "would be deleted",
  purge: "would be purged",
};

/** The decision of a cluster where nothing may change: what would have happened goes into the reason. */
function hold({ recorded }: Row, decision: Decision): Decision {
  const { action, namespace, name, associationId, roleArn } = decision;
  if (action === "keep" || action === "ignore" || action === "conflict") return decision;
  const held = {
    namespace,
    name,
    ...(associationId === undefined ? {} : { associationId }),
    ...(roleArn === undefined ? {} : { roleArn }),
    cause: "blocked" as const,
    reason: `held, ${WOULD_BE[action] ?? "would stay as it is"}: ${decision.reason}`,
  };
  if (recorded === undefined) return { ...held, action: "ignore" };
  return { ...held, action: "keep", associationId: recorded.id, declared: asRecorded(recorded) };
}

function failuresOf({ serviceAccounts, associations }: ClusterInput): readonly string[] {
  return [
    ...(serviceAccounts.state === "failed" ? [`ServiceAccounts not listed: ${serviceAccounts.reason}`] : []),
    ...(associations.state === "failed" ? [`associations not listed: ${associations.reason}`] : []),
  ];
}
