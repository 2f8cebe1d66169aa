import type { STSClient } from "@aws-sdk/client-sts";
import { KubeConfig } from "@kubernetes/client-node";
import { clusterToken } from "../aws/clusterToken.ts";
import type { ClusterEndpoint } from "../aws/eks.ts";
import type { ClusterRef } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";

/** How the API server of a cluster is reached. */
export type KubernetesAccess =
  /** The environment's own: KUBECONFIG, ~/.kube/config or in-cluster; or a file and context of it. */
  | { readonly kind: "local"; readonly kubeconfig?: string; readonly context?: string }
  /** EKS's endpoint, with a bearer token made from AWS credentials. */
  | { readonly kind: "eks"; readonly endpoint: ClusterEndpoint; readonly roleArn?: string };

/**
 * The client configuration for a cluster, with a fresh token where it needs one.
 * Throws UserError where there are no credentials or the kubeconfig does not serve.
 * @param sts signs the token; of the scope that the cluster is in
 */
export async function kubeConfigFor(
  cluster: ClusterRef,
  access: KubernetesAccess,
  sts: STSClient,
): Promise<KubeConfig> {
  if (access.kind === "local") return localKubeConfig(access);
  const { token } = await clusterToken(sts, cluster.name, new Date());
  return eksKubeConfig(cluster, access.endpoint, token);
}

/** The client configuration for local access. Throws UserError where the file or context does not serve. */
export function localKubeConfig(access: { kubeconfig?: string; context?: string }): KubeConfig {
  const config = new KubeConfig();
  try {
    if (access.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(access.kubeconfig);
  } catch (error) {
    const from = access.kubeconfig ?? process.env.KUBECONFIG ?? "~/.kube/config";
    const said = error instanceof Error ? error.message : String(error);
    throw new UserError(`kubeconfig ${from} can't be read: ${said}; set KUBECONFIG to one that can`);
  }
  if (access.context !== undefined) {
    const names = config.getContexts().map((context) => context.name);
    if (!names.includes(access.context)) {
      const known = names.length > 0 ? `it has ${names.join(", ")}` : "it has none";
      throw new UserError(`kubeconfig has no context ${JSON.stringify(access.context)}; ${known}`);
    }
    config.setCurrentContext(access.context);
  }
  return config;
}

/** The client configuration for an EKS endpoint and a token that is good for some minutes. */
export function eksKubeConfig(cluster: ClusterRef, endpoint: ClusterEndpoint, token: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: cluster.name, server: endpoint.server, caData: endpoint.caData, skipTLSVerify: false },
    { name: cluster.name, token },
  );
  return config;
}
