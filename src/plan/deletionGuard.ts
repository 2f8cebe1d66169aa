import type { DeletionLimit } from "./types.ts";

/** What one run would delete in a cluster, and what it is measured by. */
export interface DeletionTally {
  /** Live associations that would go, ours and others'. */
  readonly deletions: number;
  /** Associations that are ours, in AWS or in the state. */
  readonly managed: number;
  /** ServiceAccounts that the listing found, annotated or not. */
  readonly serviceAccounts: number;
}

/**
 * Why so many deletions are not to be trusted, and how to allow them;
 * undefined: they are fine. A cluster without a single ServiceAccount does not
 * exist (each namespace has its `default`), so an empty listing is the sign of
 * a wrong one.
 */
export function deletionGuard(
  tally: DeletionTally,
  limit: DeletionLimit,
  allowedDeletions = 0,
): string | undefined {
  const { deletions, managed, serviceAccounts } = tally;
  if (deletions === 0 || deletions <= allowedDeletions) return undefined;
  const allow = `if this is meant, allow it for one run with POD_IDENTITY_ALLOW_DELETIONS=${deletions}`;
  if (serviceAccounts === 0) {
    return `would delete ${deletions} of ${managed} associations because no ServiceAccounts were found at all: check that the kubeconfig is this cluster's; ${allow}`;
  }
  const most = mostDeletions(managed, limit);
  if (deletions <= most) return undefined;
  const percent = Number((limit.share * 100).toFixed(2));
  return `would delete ${deletions} of ${managed} associations, more than the limit of ${most} (${limit.count} or ${percent} %, whichever is more): check filters, tags and cluster; ${allow}`;
}

/** Deletions that `limit` lets through where `managed` associations are ours. */
function mostDeletions(managed: number, limit: DeletionLimit): number {
  // 0.29 * 100 is 28.999999999999996 in floating point, and 29 to people.
  return Math.max(limit.count, Math.floor(limit.share * managed + 1e-9));
}
