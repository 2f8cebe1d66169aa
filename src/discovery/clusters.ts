import type { AwsClients } from "../aws/clients.ts";
import { type ClusterDescription, callerAccount, describeCluster, listClusters } from "../aws/eks.ts";
import type { AwsScope } from "../aws/scope.ts";
import type { ClusterEntry } from "../config/config.ts";
import type { KubernetesAccess } from "../kubernetes/access.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import { UserError } from "../model/userError.ts";

/** A cluster that an entry of the configuration selects. */
export interface SelectedCluster {
  readonly entry: ClusterEntry;
  readonly ref: ClusterRef;
  readonly access: KubernetesAccess;
}

/** Something that people should know, and where; the run goes on. */
export interface Notice {
  /** `clusters[0]`, or a cluster's key. */
  readonly where: string;
  readonly message: string;
}

/** Something that could not be read or used; the run goes on without it. */
export interface Problem extends Notice {
  /** `failure`: an answer is missing. `absence`: the answer is that there is nothing to work on now. */
  readonly kind: "failure" | "absence";
}

/** What an entry selects, with what it could not. */
export interface Selection {
  readonly clusters: readonly SelectedCluster[];
  readonly problems: readonly Problem[];
}

/** What is asked of AWS about the clusters of one scope. */
export interface ClusterLookup {
  /** Names of all clusters of the region. */
  names(): Promise<readonly string[]>;
  describe(name: string): Promise<ClusterDescription>;
  /** The account of the credentials. */
  account(): Promise<string>;
}

/** Asks AWS each time. */
export function clusterLookup({ eks, sts }: Pick<AwsClients, "eks" | "sts">): ClusterLookup {
  return {
    names: () => listClusters(eks),
    describe: (name) => describeCluster(eks, name),
    account: () => callerAccount(sts),
  };
}

/** The clusters of one entry: the one it names (`self`), or those of the region that its pattern matches. */
export async function selectClusters(entry: ClusterEntry, aws: ClusterLookup): Promise<Selection> {
  if (entry.selection.self) return { clusters: [await selfCluster(entry, aws)], problems: [] };
  const pattern = entry.selection.name;
  const names = (await aws.names()).filter((name) => pattern.matches(name));
  if (names.length === 0) {
    const message = `no cluster in ${entry.region} matches cluster_name ${JSON.stringify(pattern.source)}`;
    const where = `clusters[${entry.index}]`;
    return { clusters: [], problems: [{ where, message, kind: "absence" }] };
  }
  const described = await Promise.all(names.map((name) => discoveredCluster(entry, name, aws)));
  return {
    clusters: described.filter((found) => "ref" in found),
    problems: described.filter((found) => "message" in found),
  };
}

async function selfCluster(entry: ClusterEntry, aws: ClusterLookup): Promise<SelectedCluster> {
  const selection = entry.selection;
  if (!selection.self) throw new Error(`clusters[${entry.index}] is not a self entry`);
  // The account that the calls are made in: the assumed role's, else the credentials' own.
  const account =
    (entry.roleArn === undefined ? undefined : parseRoleArn(entry.roleArn)?.account) ?? (await aws.account());
  const { kubeconfig, context } = selection;
  return {
    entry,
    ref: { name: selection.name, region: entry.region, account },
    access: {
      kind: "local",
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    },
  };
}

async function discoveredCluster(
  entry: ClusterEntry,
  name: string,
  aws: ClusterLookup,
): Promise<SelectedCluster | Problem> {
  const where = `cluster ${name} in ${entry.region}`;
  try {
    const description = await aws.describe(name);
    if (description.state === "gone")
      return { where, message: "it has gone since it was listed", kind: "absence" };
    if (description.state === "not-ready") {
      const message = `its status is ${description.status}; it is left alone until it is ACTIVE`;
      return { where, message, kind: "absence" };
    }
    const { endpoint } = description;
    const role = entry.roleArn === undefined ? {} : { roleArn: entry.roleArn };
    const ref = { name, region: entry.region, account: endpoint.account };
    return { entry, ref, access: { kind: "eks", endpoint, ...role } };
  } catch (error) {
    if (error instanceof UserError) return { where, message: error.message, kind: "failure" };
    throw error;
  }
}

/**
 * Throws UserError where two entries select the same cluster: their filters
 * and tags would fight over its associations.
 */
export function refuseOverlaps(clusters: readonly Pick<SelectedCluster, "entry" | "ref">[]): void {
  const seen = new Map<string, Pick<SelectedCluster, "entry" | "ref">>();
  const overlaps: string[] = [];
  for (const cluster of clusters) {
    const key = clusterKey(cluster.ref);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, cluster);
    else overlaps.push(`${key} by clusters[${first.entry.index}] and clusters[${cluster.entry.index}]`);
  }
  if (overlaps.length > 0) {
    throw new UserError(
      `selected twice: ${overlaps.join("; ")}; narrow cluster_name so that each cluster has one entry`,
    );
  }
}

/** Where an entry's AWS calls go. */
export function scopeOf(entry: ClusterEntry): AwsScope {
  return entry.roleArn === undefined
    ? { region: entry.region }
    : { region: entry.region, roleArn: entry.roleArn };
}
