import pLimit from "p-limit";
import { type AwsClients, awsClientPool } from "../aws/clients.ts";
import { type AwsScope, scopeKey } from "../aws/scope.ts";
import { associationTags } from "../aws/tags.ts";
import type { ClusterEntry, Config } from "../config/config.ts";
import { kubeConfigFor } from "../kubernetes/access.ts";
import { listServiceAccounts } from "../kubernetes/serviceAccounts.ts";
import type { LiveAssociation } from "../model/association.ts";
import { clusterKey } from "../model/cluster.ts";
import type { Listing } from "../model/listing.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { within } from "../model/within.ts";
import type { RoleTrust } from "../plan/types.ts";
import { describeDoubtful, readAssociations, type TagLookup } from "./associations.ts";
import {
  type ClusterLookup,
  clusterLookup,
  type Notice,
  type Problem,
  refuseOverlaps,
  type SelectedCluster,
  type Selection,
  scopeOf,
  selectClusters,
} from "./clusters.ts";
import { listing, STAGE_TIMEOUT_MS } from "./listing.ts";
import { type RoleLookup, RoleLookups, readRoleTrust } from "./roleTrust.ts";

/** A selected cluster with what was found there. */
export interface DiscoveredCluster extends SelectedCluster {
  readonly serviceAccounts: Listing<ServiceAccount>;
  readonly associations: Listing<LiveAssociation>;
  /** Of the roles that ServiceAccounts ask for, by role ARN; empty where nothing was read, or is to be checked. */
  readonly roleTrust: ReadonlyMap<string, RoleTrust>;
}

/** Everything that is out there now, and what could not be read. */
export interface Discovery {
  readonly clusters: readonly DiscoveredCluster[];
  /** What of the configuration could not be read or used. */
  readonly problems: readonly Problem[];
  /** What works all the same. */
  readonly warnings: readonly Notice[];
}

// Many clusters are read side by side; their API servers and regions are different machines.
const clustersAtOnce = 10;

/**
 * Reads all clusters of the configuration. A failure stays with its cluster:
 * the cluster's listing says so and the others go on.
 * Throws UserError where two entries select the same cluster.
 * @param recordedIds ids of the associations that the state holds, by cluster key
 */
export async function discover(
  config: Config,
  recordedIds: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Discovery> {
  const clientsOf = awsClientPool();
  const tagLookupOf = tagLookups(clientsOf);
  const roleLookups = new RoleLookups(clientsOf);
  const selection = await selectAll(config, (scope) => clusterLookup(clientsOf(scope)));

  const clusters = await pLimit(clustersAtOnce).map(selection.clusters, (cluster) => {
    const scope = scopeOf(cluster.entry);
    const ids = recordedIds.get(clusterKey(cluster.ref)) ?? new Set<string>();
    const lookups = { tags: tagLookupOf(scope), roles: roleLookups.of(cluster.entry, scope) };
    return readCluster(cluster, clientsOf(scope), lookups, ids);
  });
  return { clusters, problems: selection.problems, warnings: roleLookups.problems() };
}

/**
 * The clusters of all entries, each once.
 * Throws UserError where two entries select the same cluster.
 */
export async function selectAll(
  config: Config,
  lookupOf: (scope: AwsScope) => ClusterLookup,
): Promise<Selection> {
  const selections = await pLimit(clustersAtOnce).map(config.clusters, (entry) =>
    selectOrExplain(entry, lookupOf),
  );
  const clusters = selections.flatMap((selection) => selection.clusters);
  refuseOverlaps(clusters);
  return { clusters, problems: selections.flatMap((selection) => selection.problems) };
}

async function selectOrExplain(
  entry: ClusterEntry,
  lookupOf: (scope: AwsScope) => ClusterLookup,
): Promise<Selection> {
  const where = `clusters[${entry.index}]`;
  try {
    const work = selectClusters(entry, lookupOf(scopeOf(entry)));
    return await within(STAGE_TIMEOUT_MS, `${where}: finding clusters`, work);
  } catch (error) {
    if (error instanceof UserError)
      return { clusters: [], problems: [{ where, message: error.message, kind: "failure" }] };
    throw error;
  }
}

/** What the clusters of a scope share. */
interface Lookups {
  readonly tags: TagLookup;
  readonly roles: RoleLookup;
}

async function readCluster(
  cluster: SelectedCluster,
  aws: AwsClients,
  lookups: Lookups,
  recordedIds: ReadonlySet<string>,
): Promise<DiscoveredCluster> {
  const { ref, entry, access } = cluster;
  // AWS first: a ServiceAccount made in between then has no association yet, which is a create. The other way
  // round an association made in between would have no ServiceAccount yet, which is a delete.
  const associations = await listing("associations", () => readAssociations(ref, entry, aws, lookups.tags));
  const serviceAccounts = await listing("ServiceAccounts", async () =>
    listServiceAccounts(await kubeConfigFor(ref, access, aws.sts)),
  );
  if (associations.state === "failed" || serviceAccounts.state === "failed") {
    return { ...cluster, associations, serviceAccounts, roleTrust: new Map() };
  }
  const [certain, roleTrust] = await Promise.all([
    listing("associations", () =>
      describeDoubtful(ref, entry, aws, associations.items, serviceAccounts.items, recordedIds),
    ),
    readRoleTrust(ref, entry, serviceAccounts.items, lookups.roles),
  ]);
  return { ...cluster, associations: certain, serviceAccounts, roleTrust };
}

/** One bulk look-up for each scope, shared by its clusters and made only when the first of them asks. */
export function tagLookups(clientsOf: (scope: AwsScope) => AwsClients): (scope: AwsScope) => TagLookup {
  const started = new Map<string, ReturnType<TagLookup>>();
  return (scope) => () => {
    const key = scopeKey(scope);
    const lookup = started.get(key) ?? associationTags(clientsOf(scope).tagging);
    started.set(key, lookup);
    return lookup;
  };
}
