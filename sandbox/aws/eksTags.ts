import { z } from "zod";
import { AwsError } from "./awsError.ts";
import { type CallContext, type Operation, operation, text } from "./operation.ts";
import { tagMap, tooManyTags } from "./tagRules.ts";

type Tags = Readonly<Record<string, string>>;

/** The tags of a resource, and how to set them. */
interface Taggable {
  readonly tags: Tags;
  readonly set: (tags: Tags) => void;
}

const resourceArn = text;
const INVALID = "BadRequestException";

/** TagResource, UntagResource and ListTagsForResource, for clusters and associations. */
export const eksTagOperations: Readonly<Record<string, Operation>> = {
  ListTagsForResource: operation(false, z.object({ resourceArn }), INVALID, (input, context) => ({
    tags: requireTaggable(input.resourceArn, context).tags,
  })),
  TagResource: operation(true, z.object({ resourceArn, tags: tagMap }), INVALID, (input, context) => {
    const resource = requireTaggable(input.resourceArn, context);
    const tags = { ...resource.tags, ...input.tags };
    const tooMany = tooManyTags(tags);
    if (tooMany !== undefined) throw new AwsError(INVALID, tooMany);
    resource.set(tags);
    return {};
  }),
  UntagResource: operation(
    true,
    z.object({ resourceArn, tagKeys: z.array(z.string()).min(1) }),
    INVALID,
    (input, context) => {
      const resource = requireTaggable(input.resourceArn, context);
      resource.set(
        Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !input.tagKeys.includes(key))),
      );
      return {};
    },
  ),
};

// arn:aws:eks:REGION:ACCOUNT:cluster/NAME or arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID
const RESOURCE =
  /^arn:aws:eks:([^:]+):(\d{12}):(?:cluster\/([^/]+)|podidentityassociation\/([^/]+)\/([^/]+))$/;

/** The cluster and the association that an ARN of EKS names. */
export function parseEksArn(
  arn: string,
): { region: string; account: string; cluster: string; associationId?: string } | undefined {
  const match = RESOURCE.exec(arn);
  if (match === null) return undefined;
  const [, region = "", account = "", clusterName, associationCluster = "", associationId = ""] = match;
  return clusterName === undefined
    ? { region, account, cluster: associationCluster, associationId }
    : { region, account, cluster: clusterName };
}

function requireTaggable(arn: string, { world, principal, region }: CallContext): Taggable {
  const parsed = parseEksArn(arn);
  if (parsed === undefined) throw new AwsError(INVALID, `Invalid ARN: ${arn}`);
  if (parsed.account !== principal.account || parsed.region !== region) throw notFound(arn);
  const cluster = world.cluster({ name: parsed.cluster, account: parsed.account, region });
  if (cluster === undefined) throw notFound(arn);
  if (parsed.associationId === undefined) {
    return { tags: cluster.tags, set: (tags) => world.setCluster(cluster, { tags }) };
  }
  const store = world.store(cluster);
  const association = store.get(parsed.associationId);
  if (association === undefined) throw notFound(arn);
  return { tags: association.tags, set: (tags) => store.put({ ...association, tags }) };
}

function notFound(arn: string): AwsError {
  return new AwsError("NotFoundException", `Resource was not found: ${arn}`);
}
