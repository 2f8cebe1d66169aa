import {
  type Cluster,
  DeletePodIdentityAssociationCommand,
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  type PodIdentityAssociation,
  paginateListClusters,
  paginateListPodIdentityAssociations,
} from "@aws-sdk/client-eks";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { type AssociationSpec, specOf } from "../model/association.ts";
import type { ServiceAccountRef } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { calling, isNotFound } from "./errors.ts";

/** A line of ListPodIdentityAssociations: neither role nor tags. */
export interface AssociationSummary extends ServiceAccountRef {
  readonly id: string;
  readonly arn: string;
  readonly ownerArn?: string;
}

/** What DescribePodIdentityAssociation says: the summary's names and owner, and what it adds. */
export interface AssociationDetails extends ServiceAccountRef {
  readonly ownerArn?: string;
  readonly spec: AssociationSpec;
  readonly tags: Readonly<Record<string, string>>;
}

/** What is needed to talk to a cluster's API server. */
export interface ClusterEndpoint {
  readonly account: string;
  readonly server: string;
  /** PEM, base64. */
  readonly caData: string;
}

/** A cluster as EKS describes it: reachable only while ACTIVE or UPDATING. */
export type ClusterDescription =
  | { readonly state: "ready"; readonly endpoint: ClusterEndpoint }
  | { readonly state: "not-ready"; readonly status: string; readonly account: string }
  | { readonly state: "gone" };

/** Names of all clusters of the region. */
export async function listClusters(eks: EKSClient): Promise<readonly string[]> {
  return calling("eks:ListClusters", async () => {
    const names: string[] = [];
    for await (const page of paginateListClusters({ client: eks, pageSize: 100 }, {})) {
      names.push(...(page.clusters ?? []));
    }
    return names;
  });
}

/** The cluster's endpoint and certificate authority, or why there is none. */
export async function describeCluster(eks: EKSClient, name: string): Promise<ClusterDescription> {
  try {
    return await calling("eks:DescribeCluster", async () => {
      const answer = await eks.send(new DescribeClusterCommand({ name }));
      return readCluster(name, answer.cluster);
    });
  } catch (error) {
    if (error instanceof Error && isNotFound(error.cause)) return { state: "gone" };
    throw error;
  }
}

function readCluster(name: string, cluster: Cluster | undefined): ClusterDescription {
  const account = cluster?.arn?.split(":")[4];
  if (cluster === undefined || account === undefined) {
    throw new UserError(`eks:DescribeCluster: the answer for cluster ${name} holds no ARN`);
  }
  // An UPDATING cluster serves its API all the same (EKS User Guide, "Update existing cluster").
  const serves = cluster.status === "ACTIVE" || cluster.status === "UPDATING";
  const server = cluster.endpoint;
  const caData = cluster.certificateAuthority?.data;
  if (!serves || server === undefined || caData === undefined) {
    return { state: "not-ready", status: cluster.status ?? "unknown", account };
  }
  return { state: "ready", endpoint: { account, server, caData } };
}

/** All associations of the cluster, whoever made them. */
export async function listAssociations(
  eks: EKSClient,
  clusterName: string,
): Promise<readonly AssociationSummary[]> {
  return calling("eks:ListPodIdentityAssociations", async () => {
    const found: AssociationSummary[] = [];
    const pages = paginateListPodIdentityAssociations({ client: eks, pageSize: 100 }, { clusterName });
    for await (const page of pages) {
      for (const item of page.associations ?? []) {
        const { associationId, associationArn, namespace, serviceAccount, ownerArn } = item;
        if (!associationId || !associationArn || !namespace || !serviceAccount) {
          throw new UserError(`cluster ${clusterName} has an association without id, ARN or names`);
        }
        const owner = ownerArn === undefined ? {} : { ownerArn };
        found.push({ id: associationId, arn: associationArn, namespace, name: serviceAccount, ...owner });
      }
    }
    return found;
  });
}

/** One association as it is now; undefined where it has gone since it was listed. */
export async function describeAssociation(
  eks: EKSClient,
  clusterName: string,
  associationId: string,
): Promise<AssociationDetails | undefined> {
  try {
    return await calling("eks:DescribePodIdentityAssociation", async () => {
      const command = new DescribePodIdentityAssociationCommand({ clusterName, associationId });
      return readDetails((await eks.send(command)).association);
    });
  } catch (error) {
    if (error instanceof Error && isNotFound(error.cause)) return undefined;
    throw error;
  }
}

function readDetails(association: PodIdentityAssociation | undefined): AssociationDetails | undefined {
  if (!association?.roleArn || !association.namespace || !association.serviceAccount) return undefined;
  const { roleArn, namespace, tags } = association;
  return {
    namespace,
    name: association.serviceAccount,
    ...(association.ownerArn ? { ownerArn: association.ownerArn } : {}),
    spec: specOf({ ...association, roleArn }),
    tags: tags ?? {},
  };
}

/** Deletes one association; that it has gone already is fine. */
export async function deleteAssociation(
  eks: EKSClient,
  clusterName: string,
  associationId: string,
): Promise<void> {
  try {
    await calling("eks:DeletePodIdentityAssociation", () =>
      eks.send(new DeletePodIdentityAssociationCommand({ clusterName, associationId })),
    );
  } catch (error) {
    if (error instanceof Error && isNotFound(error.cause)) return;
    throw error;
  }
}

/** The account that the credentials belong to. */
export async function callerAccount(sts: STSClient): Promise<string> {
  return calling("sts:GetCallerIdentity", async () => {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}));
    if (Account === undefined) throw new UserError("sts:GetCallerIdentity: the answer holds no account");
    return Account;
  });
}
