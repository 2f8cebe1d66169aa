import pLimit from "p-limit";
import { type AwsClients, type AwsScope, awsClientPool, scopeKey } from "../aws/clients.ts";
import { clusterToken } from "../aws/clusterToken.ts";
import { within } from "../aws/errors.ts";
import { associationTags } from "../aws/tags.ts";
import type { ClusterEntry, Config } from "../config/config.ts";
import { eksKubeConfig, localKubeConfig } from "../kubernetes/access.ts";
import { listServiceAccounts } from "../kubernetes/serviceAccounts.ts";
import type { LiveAssociation } from "../model/association.ts";
import { clusterKey } from "../model/cluster.ts";
import type { Listing } from "../model/listing.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { describeDoubtful, readAssociations, type TagLookup } from "./associations.ts";
import { type Problem, refuseOverlaps, type SelectedCluster, selectClusters } from "./clusters.ts";

/** A selected cluster with what was found there. */
export interface DiscoveredCluster extends SelectedCluster {
  readonly serviceAccounts: Listing<ServiceAccount>;
  readonly associations: Listing<LiveAssociation>;
}

/** Everything that is out there now, and what could not be read. */
export interface Discovery {
  readonly clusters: readonly DiscoveredCluster[];
  readonly problems: readonly Problem[];
}

// Many clusters are read side by side; their API servers and regions are different machines.
const clustersAtOnce = 10;
// Longer than the SDK's own retries of one call need; a listing of 5,000 is 50 calls.
const stageTimeoutMs = 120_000;

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
  const limit = pLimit(clustersAtOnce);

  const selections = await limit.map(config.clusters, (entry) => selectOrExplain(entry, clientsOf));
  const selected = selections.flatMap((selection) => selection.clusters);
  refuseOverlaps(selected);

  const clusters = await limit.map(selected, (cluster) => {
    const scope = scopeOf(cluster.entry);
    const ids = recordedIds.get(clusterKey(cluster.ref)) ?? new Set<string>();
    return readCluster(cluster, clientsOf(scope), tagLookupOf(scope), ids);
  });
  return { clusters, problems: selections.flatMap((selection) => selection.problems) };
}

/** Where an entry's AWS calls go. */
export function scopeOf(entry: ClusterEntry): AwsScope {
  return entry.roleArn === undefined
    ? { region: entry.region }
    : { region: entry.region, roleArn: entry.roleArn };
}

async function selectOrExplain(entry: ClusterEntry, clientsOf: (scope: AwsScope) => AwsClients) {
  const where = `clusters[${entry.index}]`;
  try {
    const work = selectClusters(entry, clientsOf(scopeOf(entry)));
    return await within(stageTimeoutMs, `${where}: finding clusters`, work);
  } catch (error) {
    if (error instanceof UserError) return { clusters: [], problems: [{ where, message: error.message }] };
    throw error;
  }
}

async function readCluster(
  cluster: SelectedCluster,
  aws: AwsClients,
  tagLookup: TagLookup,
  recordedIds: ReadonlySet<string>,
): Promise<DiscoveredCluster> {
  const { ref, entry } = cluster;
  // AWS first: a ServiceAccount made in between then has no association yet, which is a create. The other way
  // round an association made in between would have no ServiceAccount yet, which is a delete.
  const associations = await listing("associations", () => readAssociations(ref, entry, aws, tagLookup));
  const serviceAccounts = await listing("ServiceAccounts", async () =>
    listServiceAccounts(await kubeConfigOf(cluster, aws)),
  );
  if (associations.state === "failed" || serviceAccounts.state === "failed") {
    return { ...cluster, associations, serviceAccounts };
  }
  const certain = await listing("associations", () =>
    describeDoubtful(ref, entry, aws, associations.items, serviceAccounts.items, recordedIds),
  );
  return { ...cluster, associations: certain, serviceAccounts };
}

async function kubeConfigOf(cluster: SelectedCluster, aws: AwsClients) {
  const { access, ref } = cluster;
  if (access.kind === "local") return localKubeConfig(access);
  const { token } = await clusterToken(aws.sts, ref.name, new Date());
  return eksKubeConfig(ref, access.endpoint, token);
}

async function listing<T>(what: string, read: () => Promise<readonly T[]>): Promise<Listing<T>> {
  try {
    const items = await within(stageTimeoutMs, `listing ${what}`, read());
    return { state: "complete", items };
  } catch (error) {
    if (error instanceof UserError) return { state: "failed", reason: error.message };
    throw error;
  }
}

/** One bulk look-up for each scope, shared by its clusters and made only when the first of them asks. */
function tagLookups(clientsOf: (scope: AwsScope) => AwsClients): (scope: AwsScope) => TagLookup {
  const started = new Map<string, ReturnType<TagLookup>>();
  return (scope) => () => {
    const key = scopeKey(scope);
    const lookup = started.get(key) ?? associationTags(clientsOf(scope).tagging);
    started.set(key, lookup);
    return lookup;
  };
}
