import { z } from "zod";
import { AwsError } from "./awsError.ts";
import { clusterArn } from "./eksClusters.ts";
import { parseEksArn } from "./eksTags.ts";
import { type CallContext, type Operation, operation } from "./operation.ts";
import { cursorOf, firstPage, pageToken } from "./paging.ts";

const INVALID = "InvalidParameterException";

const input = z.object({
  PaginationToken: z.string().optional(),
  TagFilters: z
    .array(z.object({ Key: z.string().min(1), Values: z.array(z.string()).max(20).default([]) }))
    .max(50)
    .default([]),
  ResourceTypeFilters: z.array(z.string()).max(100).default([]),
  ResourceARNList: z.array(z.string()).max(100).default([]),
  ResourcesPerPage: z.number().int().min(1).max(100).default(50),
});
type Input = z.output<typeof input>;

/** A tagged resource, and its cursor: cluster name, and place in the cluster (0: the cluster itself). */
interface Resource {
  readonly arn: string;
  readonly type: "eks:cluster" | "eks:podidentityassociation";
  readonly tags: Readonly<Record<string, string>>;
  readonly cursor: readonly [cluster: string, place: number];
}

/** GetResources. */
export const taggingOperations: Readonly<Record<string, Operation>> = {
  GetResources: operation(false, input, INVALID, getResources),
};

function getResources(request: Input, context: CallContext): object {
  const filtered = request.TagFilters.length > 0 || request.ResourceTypeFilters.length > 0;
  if (request.ResourceARNList.length > 0 && filtered) {
    throw new AwsError(
      INVALID,
      "ResourceARNList cannot be given together with TagFilters or ResourceTypeFilters.",
    );
  }
  if (request.ResourceARNList.length > 0)
    return answer(
      request.ResourceARNList.flatMap((arn) => named(arn, context)),
      "",
    );
  const all = resources(cursor(request.PaginationToken), context);
  const page = firstPage(all, request.ResourcesPerPage, (resource) => isWanted(resource, request));
  const last = page.items.at(-1);
  return answer(page.items, page.more && last !== undefined ? pageToken("resources", last.cursor) : "");
}

// The API answers an empty token on the last page, where others leave it out.
function answer(items: readonly Resource[], token: string): object {
  const mappings = items.map(({ arn, tags }) => ({
    ResourceARN: arn,
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  }));
  return { PaginationToken: token, ResourceTagMappingList: mappings };
}

function cursor(token: string | undefined): readonly [string, number] {
  if (!token) return ["", 0];
  const decoded = cursorOf("resources", token);
  if (decoded === undefined) throw new AwsError(INVALID, "Invalid PaginationToken");
  return [String(decoded[0]), Number(decoded[1])];
}

/** The resources of the caller's account and region after the cursor. */
function* resources(
  [afterCluster, afterPlace]: readonly [string, number],
  { world, principal, region }: CallContext,
): Generator<Resource> {
  for (const cluster of world.clusters({ account: principal.account, region })) {
    if (cluster.name < afterCluster) continue;
    if (cluster.name !== afterCluster) {
      yield { arn: clusterArn(cluster), type: "eks:cluster", tags: cluster.tags, cursor: [cluster.name, 0] };
    }
    for (const { place, association } of world
      .store(cluster)
      .listed(cluster.name === afterCluster ? afterPlace : 0)) {
      yield {
        arn: association.associationArn,
        type: "eks:podidentityassociation",
        tags: association.tags,
        cursor: [cluster.name, place],
      };
    }
  }
}

function named(arn: string, { world, principal, region }: CallContext): readonly Resource[] {
  const parsed = parseEksArn(arn);
  if (parsed === undefined || parsed.account !== principal.account || parsed.region !== region) return [];
  const cluster = world.cluster({ name: parsed.cluster, account: parsed.account, region });
  if (cluster === undefined) return [];
  if (parsed.associationId === undefined)
    return tagged({ arn, type: "eks:cluster", tags: cluster.tags, cursor: [cluster.name, 0] });
  const association = world.store(cluster).listedById(parsed.associationId);
  if (association === undefined) return [];
  return tagged({
    arn,
    type: "eks:podidentityassociation",
    tags: association.tags,
    cursor: [cluster.name, 0],
  });
}

function tagged(resource: Resource): readonly Resource[] {
  return Object.keys(resource.tags).length > 0 ? [resource] : [];
}

// All filters must hold, each with any one of its values; a filter without values asks for the key only.
function isWanted({ type, tags }: Resource, { TagFilters, ResourceTypeFilters }: Input): boolean {
  if (Object.keys(tags).length === 0) return false;
  if (
    ResourceTypeFilters.length > 0 &&
    !ResourceTypeFilters.some((wanted) => wanted === type || wanted === "eks")
  )
    return false;
  return TagFilters.every(({ Key, Values }) => {
    const value = tags[Key];
    return value !== undefined && (Values.length === 0 || Values.includes(value));
  });
}
