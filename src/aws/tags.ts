import {
  paginateGetResources,
  type ResourceGroupsTaggingAPIClient,
} from "@aws-sdk/client-resource-groups-tagging-api";
import type { Tags } from "../model/association.ts";
import { calling } from "./errors.ts";

/**
 * Tags of every association of the account and region, by ARN, in one bulk
 * look-up (tag:GetResources). An association that never had a tag is missing.
 */
export async function associationTags(
  tagging: ResourceGroupsTaggingAPIClient,
): Promise<ReadonlyMap<string, Tags>> {
  return calling("tag:GetResources", async () => {
    const byArn = new Map<string, Tags>();
    const pages = paginateGetResources(
      { client: tagging, pageSize: 100 },
      { ResourceTypeFilters: ["eks:podidentityassociation"] },
    );
    for await (const page of pages) {
      for (const { ResourceARN, Tags } of page.ResourceTagMappingList ?? []) {
        if (ResourceARN === undefined) continue;
        byArn.set(ResourceARN, Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value ?? ""])));
      }
    }
    return byArn;
  });
}
