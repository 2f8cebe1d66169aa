import type { ClusterEntry, Config } from "../config/config.ts";
import { refuseOverlaps } from "../discovery/clusters.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import { planCluster } from "../plan/planCluster.ts";
import type { ClusterPlan } from "../plan/types.ts";
import type { RecordedByCluster } from "./recorded.ts";
import type { ClusterSnapshot } from "./snapshot.ts";

/** What would happen to the clusters of a snapshot. */
export interface SnapshotPlan {
  /** Of the clusters that the configuration selects, in the order of the snapshot. */
  readonly plans: readonly ClusterPlan[];
  /** The clusters that no entry of the configuration selects: nothing would change there. */
  readonly notSelected: readonly ClusterRef[];
}

/**
 * Plans what an update would do if it found what the snapshot holds. Trust
 * policies of roles are not in a snapshot, so none is checked.
 *
 * @param recorded what the state holds
 * @param allowedDeletions deletions that are allowed above the limit; undefined: none
 * @throws UserError where two entries select the same cluster.
 */
export function planSnapshot(
  clusters: readonly ClusterSnapshot[],
  config: Config,
  recorded: RecordedByCluster,
  allowedDeletions?: number,
): SnapshotPlan {
  const selected = clusters.flatMap((cluster) =>
    entriesFor(cluster.ref, config).map((entry) => ({ cluster, entry })),
  );
  refuseOverlaps(selected.map(({ cluster, entry }) => ({ ref: cluster.ref, entry })));

  const plans = selected.map(({ cluster, entry }) =>
    planCluster({
      cluster: cluster.ref,
      rules: entry.rules,
      serviceAccounts: cluster.serviceAccounts,
      associations: cluster.associations,
      recorded: recorded.get(clusterKey(cluster.ref)) ?? [],
      roleTrust: new Map(),
      ...(allowedDeletions === undefined ? {} : { allowedDeletions }),
    }),
  );
  const planned = new Set(selected.map(({ cluster }) => cluster));
  const notSelected = clusters.filter((cluster) => !planned.has(cluster)).map(({ ref }) => ref);
  return { plans, notSelected };
}

/**
 * The entries that select the cluster, as discovery would have it. Discovery
 * looks with an entry's credentials, thus into one account: that of its role.
 * Where an entry names none, the account of the default credentials is not
 * known here; it stands back behind entries whose role names the cluster's.
 */
function entriesFor(ref: ClusterRef, { clusters }: Config): readonly ClusterEntry[] {
  const matching = clusters.filter((entry) => entry.region === ref.region && selectsName(entry, ref.name));
  const named = matching.filter((entry) => accountOf(entry) === ref.account);
  return named.length > 0 ? named : matching.filter((entry) => entry.roleArn === undefined);
}

function selectsName({ selection }: ClusterEntry, name: string): boolean {
  return selection.self ? selection.name === name : selection.name.matches(name);
}

function accountOf({ roleArn }: ClusterEntry): string | undefined {
  return roleArn === undefined ? undefined : parseRoleArn(roleArn)?.account;
}
