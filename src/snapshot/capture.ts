import type { Config } from "../config/config.ts";
import { type DiscoveredCluster, type Discovery, discover } from "../discovery/discover.ts";
import { clusterKey } from "../model/cluster.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import type { AnnotationKeys } from "../plan/types.ts";
import type { ClusterSnapshot } from "./snapshot.ts";

/** A snapshot of live clusters. */
export interface Capture {
  /** What could not be read is a failed listing. */
  readonly clusters: readonly ClusterSnapshot[];
  /** What could not be read, and why, a line each; empty where the snapshot is whole. */
  readonly failures: readonly string[];
}

/** Which annotations of a ServiceAccount go into a snapshot: those that the configuration reads, or every one. */
export type AnnotationChoice = "configured" | "all";

/**
 * Reads all clusters that the configuration selects.
 *
 * @throws UserError where two entries select the same cluster.
 */
export async function captureClusters(config: Config, annotations: AnnotationChoice): Promise<Capture> {
  const entries = config.clusters.map((entry) => ({
    ...entry,
    // Only Describe knows roles, and it brings the tags along: the bulk look-up would be one call more for nothing.
    forceIterative: true,
    // What roles trust is no part of a snapshot.
    rules: { ...entry.rules, roleTrustCheck: "off" as const },
  }));
  return captured(await discover({ clusters: entries }, new Map()), annotations);
}

/** The snapshot of what was discovered. */
export function captured({ clusters, problems }: Discovery, annotations: AnnotationChoice): Capture {
  return {
    clusters: clusters.map((cluster) => clusterSnapshot(cluster, annotations)),
    failures: [
      ...problems.map(({ where, message }) => `${where}: ${message}`),
      ...clusters.flatMap(failuresOf),
    ],
  };
}

function failuresOf({ ref, serviceAccounts, associations }: DiscoveredCluster): readonly string[] {
  return [serviceAccounts, associations].flatMap((listing) =>
    listing.state === "failed" ? [`cluster ${clusterKey(ref)}: ${listing.reason}`] : [],
  );
}

function clusterSnapshot(cluster: DiscoveredCluster, annotations: AnnotationChoice): ClusterSnapshot {
  const { ref, serviceAccounts, associations, entry } = cluster;
  if (annotations === "all" || serviceAccounts.state === "failed")
    return { ref, serviceAccounts, associations };
  const items = serviceAccounts.items.map((account) => withoutOthers(account, entry.rules.annotations));
  return { ref, serviceAccounts: { state: "complete", items }, associations };
}

/** Other annotations may hold anything, and a snapshot may be shown to others. */
function withoutOthers(serviceAccount: ServiceAccount, keys: AnnotationKeys): ServiceAccount {
  const read = new Set(Object.values(keys));
  const annotations = Object.entries(serviceAccount.annotations).filter(([key]) => read.has(key));
  return { ...serviceAccount, annotations: Object.fromEntries(annotations) };
}
