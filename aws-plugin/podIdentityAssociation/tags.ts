import type { Tags } from "../../src/model/association.ts";

/** The provider's settings that touch tags. */
export interface TagSettings {
  /** Tags of every resource, unless the resource sets the same key (`defaultTags.tags`). */
  readonly defaults: Tags;
  /** Keys that are left as they are in AWS and never shown (`ignoreTags.keys`). */
  readonly ignoredKeys: readonly string[];
  /** The same by prefix (`ignoreTags.keyPrefixes`). */
  readonly ignoredPrefixes: readonly string[];
}

/** The property `tagsAll`: the provider's default tags, and over them the resource's own. */
export function allTags(own: Tags, settings: TagSettings): Tags {
  return withoutIgnored({ ...settings.defaults, ...own }, settings);
}

/** The properties `tagsAll` and `tags` of what AWS holds; `own` are the tags that the resource is known to set. */
export function readTags(live: Tags, own: Tags, settings: TagSettings): { tagsAll: Tags; tags: Tags } {
  const tagsAll = withoutIgnored(live, settings);
  const isDefault = ([key, value]: [string, string]) =>
    settings.defaults[key] === value && own[key] === undefined;
  const tags = Object.fromEntries(Object.entries(tagsAll).filter((entry) => !isDefault(entry)));
  return { tagsAll, tags };
}

/** What TagResource and UntagResource are to be sent so that `before` becomes `after`. */
export function tagChanges(before: Tags, after: Tags): { set: Tags; removed: readonly string[] } {
  const set = Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value));
  return { set, removed: Object.keys(before).filter((key) => after[key] === undefined) };
}

function withoutIgnored(tags: Tags, settings: TagSettings): Tags {
  const isIgnored = (key: string) =>
    // AWS's own tags can be neither set nor removed (AWS General Reference, "Tag naming limits").
    key.startsWith("aws:") ||
    settings.ignoredKeys.includes(key) ||
    settings.ignoredPrefixes.some((prefix) => key.startsWith(prefix));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !isIgnored(key)));
}
