import { z } from "zod";
import { AwsError } from "./awsError.ts";
import { type CallContext, type Operation, operation, text } from "./operation.ts";
import { cursorOf, firstPage, pageToken } from "./paging.ts";
import type { Cluster } from "./world.ts";

// EKS's page size where the request gives none, and its greatest.
const PAGE = 100;

/** `maxResults` of EKS's lists, which comes as a query parameter. */
export const maxResults = z.coerce.number().int().min(1).max(PAGE).default(PAGE);

const listInput = z.object({ maxResults, nextToken: z.string().optional() });

/** ListClusters and DescribeCluster. */
export const eksClusterOperations: Readonly<Record<string, Operation>> = {
  ListClusters: operation(false, listInput, "InvalidParameterException", listClusters),
  DescribeCluster: operation(
    false,
    z.object({ name: text }),
    "InvalidParameterException",
    ({ name }, context) => ({
      cluster: described(requireCluster(name, context)),
    }),
  ),
};

function listClusters(input: z.output<typeof listInput>, { world, principal, region }: CallContext): object {
  const after = input.nextToken === undefined ? "" : eksCursor("clusters", input.nextToken)[0];
  const names = world.clusters({ account: principal.account, region }).map((cluster) => cluster.name);
  const page = firstPage(names, input.maxResults, (name) => name > String(after));
  const last = page.items.at(-1) ?? "";
  return { clusters: page.items, ...(page.more ? { nextToken: pageToken("clusters", [last]) } : {}) };
}

/** The cursor of an EKS list's `nextToken`. Throws InvalidParameterException where the token is not of this list. */
export function eksCursor(listing: string, token: string): readonly (string | number)[] {
  const cursor = cursorOf(listing, token);
  if (cursor === undefined) throw new AwsError("InvalidParameterException", "Invalid nextToken");
  return cursor;
}

/** The caller's cluster of this name. Throws ResourceNotFoundException. */
export function requireCluster(name: string, { world, principal, region }: CallContext): Cluster {
  const cluster = world.cluster({ name, account: principal.account, region });
  if (cluster === undefined) {
    throw new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`, {
      clusterName: name,
    });
  }
  return cluster;
}

/** ARN of a cluster. */
export function clusterArn(cluster: Cluster): string {
  return `arn:aws:eks:${cluster.region}:${cluster.account}:cluster/${cluster.name}`;
}

function described(cluster: Cluster): object {
  // "The API server endpoint and certificate authority data aren't available until the cluster reaches the ACTIVE state."
  const isUp = cluster.status !== "CREATING" && cluster.status !== "PENDING" && cluster.status !== "FAILED";
  return {
    name: cluster.name,
    arn: clusterArn(cluster),
    createdAt: cluster.createdAt,
    version: cluster.version,
    ...(isUp ? { endpoint: cluster.endpoint, certificateAuthority: { data: cluster.caData } } : {}),
    roleArn: `arn:aws:iam::${cluster.account}:role/eks-cluster`,
    resourcesVpcConfig: {
      subnetIds: [],
      securityGroupIds: [],
      endpointPublicAccess: true,
      endpointPrivateAccess: false,
      publicAccessCidrs: ["0.0.0.0/0"],
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: "10.100.0.0/16", ipFamily: "ipv4" },
    status: cluster.status,
    platformVersion: "eks.1",
    tags: cluster.tags,
    health: { issues: [] },
    accessConfig: { authenticationMode: "API" },
  };
}
