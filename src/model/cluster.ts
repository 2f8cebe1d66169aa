/** An EKS cluster, told apart from any other in the world: names are unique only in an account and region. */
export interface ClusterRef {
  readonly name: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/** `account/region/name`: unique, stable, and the prefix of all logical names of the cluster's resources. */
export function clusterKey(cluster: ClusterRef): string {
  return `${cluster.account}/${cluster.region}/${cluster.name}`;
}
