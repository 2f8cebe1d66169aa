import pLimit from "p-limit";
import type { AwsClients } from "../aws/clients.ts";
import { type AssociationSummary, describeAssociation, listAssociations } from "../aws/eks.ts";
import type { ClusterEntry } from "../config/config.ts";
import { carriesTags, type LiveAssociation, type Tags } from "../model/association.ts";
import type { ClusterRef } from "../model/cluster.ts";
import { keyOf, type ServiceAccount } from "../model/serviceAccount.ts";

/** The tags of an account and region's associations by ARN: one look-up for all its clusters. */
export type TagLookup = () => Promise<ReadonlyMap<string, Tags>>;

/**
 * Every association of a cluster with its tags: by one bulk look-up, or by a
 * Describe of each (`force_iterative_association_discovery`). Both give the
 * same ids and tags; Describe adds the role.
 */
export async function readAssociations(
  cluster: ClusterRef,
  entry: ClusterEntry,
  aws: AwsClients,
  tagLookup: TagLookup,
): Promise<readonly LiveAssociation[]> {
  const listed = await listAssociations(aws.eks, cluster.name);
  if (listed.length === 0) return [];
  if (entry.forceIterative) return describeEach(cluster, entry, aws, listed);
  const tags = await tagLookup();
  return listed.map(({ arn, ...association }) => ({ ...association, tags: tags.get(arn) ?? {} }));
}

// A cluster taken over with thousands of associations is not held up for those few that lists may be late with.
const adoptionsAsked = 100;

/**
 * The same associations, with those described afresh that the state does not
 * hold although their ServiceAccount asks for one. Lists and the bulk look-up
 * are late: one that looks like somebody else's may have our tags by now, and
 * one that looks like ours, to be adopted, may have been deleted a moment ago.
 */
export async function describeDoubtful(
  cluster: ClusterRef,
  entry: ClusterEntry,
  aws: AwsClients,
  associations: readonly LiveAssociation[],
  serviceAccounts: readonly ServiceAccount[],
  recordedIds: ReadonlySet<string>,
): Promise<readonly LiveAssociation[]> {
  const { annotations, tags } = entry.rules;
  const annotated = new Set(
    serviceAccounts.filter((account) => annotations.roleArn in account.annotations).map(keyOf),
  );
  const unknown = associations.filter(
    (association) =>
      association.spec === undefined &&
      association.ownerArn === undefined &&
      !recordedIds.has(association.id) &&
      annotated.has(keyOf(association)),
  );
  const conflicts = unknown.filter((association) => !carriesTags(association.tags, tags));
  const areFew = unknown.length - conflicts.length <= adoptionsAsked;
  const doubtful = areFew ? unknown : conflicts;
  if (doubtful.length === 0) return associations;
  const described = await describeEach(cluster, entry, aws, doubtful);
  const byId = new Map(described.map((association) => [association.id, association]));
  const asked = new Set(doubtful.map((association) => association.id));
  return associations.flatMap((association) =>
    asked.has(association.id) ? (byId.get(association.id) ?? []) : association,
  );
}

/** Describes each, at most `max_concurrency` at a time; leaves out what has gone meanwhile. */
async function describeEach(
  cluster: ClusterRef,
  entry: ClusterEntry,
  aws: AwsClients,
  associations: readonly (AssociationSummary | LiveAssociation)[],
): Promise<readonly LiveAssociation[]> {
  const limit = pLimit(entry.maxConcurrency);
  const described = await limit.map(associations, async ({ id, ownerArn }) => {
    const details = await describeAssociation(aws.eks, cluster.name, id);
    if (details === undefined) return [];
    return [{ id, ...details, ...(ownerArn === undefined ? {} : { ownerArn }) }];
  });
  return described.flat();
}
