import type { ClusterEndpoint } from "../aws/eks.ts";
import type { ClusterRef } from "../model/cluster.ts";

/**
 * A kubeconfig without a secret in it, for the Kubernetes provider: its
 * credential plugin makes a token whenever one is needed, so that the stack's
 * state holds none and `pulumi refresh` works days later. The script's path is
 * relative to the project, where the engine starts its plugins: the state is
 * the same on every machine.
 */
export function eksKubeconfigText(cluster: ClusterRef, endpoint: ClusterEndpoint, roleArn?: string): string {
  const name = cluster.name;
  const role = roleArn === undefined ? [] : ["--role-arn", roleArn];
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: endpoint.server, "certificate-authority-data": endpoint.caData } }],
    users: [
      {
        name,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            command: "node",
            args: [
              "src/kubernetes/execCredential.ts",
              "--cluster",
              name,
              "--region",
              cluster.region,
              ...role,
            ],
            interactiveMode: "Never",
          },
        },
      },
    ],
  });
}
