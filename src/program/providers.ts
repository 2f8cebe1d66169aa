import type { Region } from "@pulumi/aws";
// By their files: the packages' indexes load hundreds of other types, half a second and a hundred megabytes of them.
import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import { type AwsScope, SESSION_NAME } from "../aws/scope.ts";
import type { KubernetesAccess } from "../kubernetes/access.ts";
import { eksKubeconfigText } from "../kubernetes/eksKubeconfig.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { awsProviderName } from "./names.ts";

// Reads come in bursts of a whole cluster; client-go's own 5 a second would take minutes for a thousand.
const kubeClientSettings = { qps: 200, burst: 400 };

/**
 * Declares each aws provider once and hands it out again: every provider
 * resource is a plugin process of its own.
 */
export function awsProviderPool(): (scope: AwsScope) => AwsProvider {
  const pool = new Map<string, AwsProvider>();
  return (scope) => {
    const name = awsProviderName(scope);
    const known = pool.get(name);
    if (known !== undefined) return known;
    const { region, roleArn } = scope;
    const assumeRoles =
      roleArn === undefined ? {} : { assumeRoles: [{ roleArn, sessionName: SESSION_NAME }] };
    const made = new AwsProvider(name, { region: region as Region, ...assumeRoles });
    pool.set(name, made);
    return made;
  };
}

/** Declares the Kubernetes provider of a cluster. */
export function kubernetesProvider(cluster: ClusterRef, access: KubernetesAccess): KubernetesProvider {
  const kubeconfig =
    access.kind === "eks" ? eksKubeconfigText(cluster, access.endpoint, access.roleArn) : access.kubeconfig;
  const context = access.kind === "local" ? access.context : undefined;
  return new KubernetesProvider(clusterKey(cluster), {
    // The cluster stays the same when its kubeconfig is written in another way.
    clusterIdentifier: clusterKey(cluster),
    kubeClientSettings,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
}
