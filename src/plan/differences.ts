import type { AssociationSpec, Tags } from "../model/association.ts";
import { canonicalPolicy } from "./sessionPolicy.ts";

/** What must change in `from` to make it `to`, a phrase each; empty where they say the same. */
export function specDifferences(from: AssociationSpec, to: AssociationSpec): readonly string[] {
  const differences: string[] = [];
  if (from.roleArn !== to.roleArn) differences.push(`role ${from.roleArn} -> ${to.roleArn}`);
  if (from.targetRoleArn !== to.targetRoleArn) {
    differences.push(`target role ${from.targetRoleArn ?? "none"} -> ${to.targetRoleArn ?? "none"}`);
  }
  // Left out is what AWS takes as false.
  const [tagsWereOff, tagsGoOff] = [from.disableSessionTags ?? false, to.disableSessionTags ?? false];
  if (tagsWereOff !== tagsGoOff) differences.push(`session tags ${tagsGoOff ? "on -> off" : "off -> on"}`);
  if (!samePolicy(from.policy, to.policy)) {
    differences.push(
      `session policy ${from.policy === undefined ? "added" : to.policy === undefined ? "removed" : "changed"}`,
    );
  }
  return differences;
}

function samePolicy(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const [canonicalA, canonicalB] = [canonicalPolicy(a), canonicalPolicy(b)];
  return canonicalA !== undefined && canonicalA === canonicalB;
}

/** What must change in the tags we declared to make them `to`; empty where nothing must. */
export function tagDifferences(from: Tags, to: Tags): readonly string[] {
  const dropped = Object.keys(from).filter((key) => !Object.hasOwn(to, key));
  return changedTags([...missingKeys(from, to), ...dropped]);
}

/** What AWS lacks of the tags `to`. Tags beside them are somebody's own and do not count. */
export function missingTags(live: Tags, to: Tags): readonly string[] {
  return changedTags(missingKeys(live, to));
}

function missingKeys(from: Tags, to: Tags): readonly string[] {
  return Object.keys(to).filter((key) => from[key] !== to[key]);
}

function changedTags(keys: readonly string[]): readonly string[] {
  return keys.length === 0 ? [] : [`tags changed (${[...keys].sort().join(", ")})`];
}
