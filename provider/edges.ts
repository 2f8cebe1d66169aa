import { awsClientPool } from "../src/aws/clients.ts";
import { deleteAssociation, describeAssociation } from "../src/aws/eks.ts";
import { kubeConfigFor } from "../src/kubernetes/access.ts";
import { readServiceAccount } from "../src/kubernetes/serviceAccounts.ts";
import type { StaleAssociationsInputs } from "./inputs.ts";
import type { ClusterEdges } from "./purge.ts";

/** The AWS and Kubernetes edges of the cluster that the inputs name. */
export function clusterEdges(inputs: StaleAssociationsInputs): ClusterEdges {
  const { account, region, clusterName, roleArn, access } = inputs;
  const { eks, sts } = awsClientPool()({ region, ...(roleArn === undefined ? {} : { roleArn }) });
  const cluster = { name: clusterName, region, account };
  return {
    describe: (associationId) => describeAssociation(eks, clusterName, associationId),
    // A token for each read: signing is a local affair, and one made at the start could expire in a long purge.
    serviceAccount: async (ref) => readServiceAccount(await kubeConfigFor(cluster, access, sts), ref),
    delete: (associationId) => deleteAssociation(eks, clusterName, associationId),
  };
}
