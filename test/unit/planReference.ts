import { parseRoleArn } from "../../src/model/roleArn.ts";
import { keyOf, type ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import type { Action } from "../../src/plan/types.ts";
import { keys, ownTags } from "./planFixtures.ts";
import type { World } from "./planWorld.ts";

/** A second, slower plan to hold the first to: nothing but look-ups in a table of words. */

/** What the ServiceAccount comes to: `held` is hands off, `restricted` counts as unwanted. */
export type Standing = "wanted" | "held" | "restricted" | "unwanted";
type There = "nothing" | "tagged" | "foreign" | "addon";
type Known = "unknown" | "same" | "other";

const TABLE: Readonly<Record<"wanted" | "held" | "unwanted", Record<There, Record<Known, string>>>> = {
  wanted: {
    nothing: { unknown: "create", same: "-", other: "create" },
    tagged: { unknown: "adopt", same: "update or unchanged", other: "adopt" },
    foreign: { unknown: "conflict", same: "update or unchanged", other: "conflict" },
    addon: { unknown: "conflict", same: "keep", other: "conflict" },
  },
  held: {
    nothing: { unknown: "ignore if annotated", same: "-", other: "keep" },
    tagged: { unknown: "ignore", same: "keep", other: "keep" },
    foreign: { unknown: "ignore", same: "keep", other: "keep" },
    addon: { unknown: "ignore", same: "keep", other: "keep" },
  },
  unwanted: {
    nothing: { unknown: "ignore if annotated", same: "-", other: "delete" },
    tagged: { unknown: "delete", same: "delete", other: "delete" },
    foreign: { unknown: "purge or ignore", same: "delete", other: "purge or delete" },
    addon: { unknown: "ignore", same: "keep", other: "delete" },
  },
};

/** The action for the ServiceAccount's place in the world; undefined: no row. */
export function referenceAction(world: World, ref: ServiceAccountRef): Action | undefined {
  const live = world.live.find((association) => keyOf(association) === keyOf(ref));
  const recorded = world.recorded.find((association) => keyOf(association) === keyOf(ref));
  const standing = standingOf(world, ref);
  let there: There = "nothing";
  if (live !== undefined) {
    const tagged = Object.entries(ownTags).every(
      ([key, value]) => live.tags[key as keyof typeof live.tags] === value,
    );
    there = live.ownerArn !== undefined ? "addon" : tagged ? "tagged" : "foreign";
  }
  const known: Known = recorded === undefined ? "unknown" : recorded.id === live?.id ? "same" : "other";

  switch (TABLE[standing === "restricted" ? "unwanted" : standing][there][known]) {
    case "create":
      return "create";
    case "adopt":
      return "adopt";
    case "conflict":
      return "conflict";
    case "keep":
      return "keep";
    case "delete":
      return "delete";
    case "ignore":
      return "ignore";
    case "ignore if annotated":
      return annotationsOf(world, ref)?.[keys.roleArn] === undefined ? undefined : "ignore";
    case "purge or ignore":
      return world.purge ? "purge" : "ignore";
    case "purge or delete":
      return world.purge ? "purge" : "delete";
    case "update or unchanged":
      return isInStep(world, ref) ? "unchanged" : "update";
    default:
      throw new Error(`no such place: ${standing}, ${there}, ${known}`);
  }
}

export function standingOf(world: World, ref: ServiceAccountRef): Standing {
  if (world.exclude.some((rule) => matches(rule.namespace, ref.namespace) && matches(rule.name, ref.name))) {
    return "held";
  }
  const texts = annotationsOf(world, ref);
  const role = texts?.[keys.roleArn];
  if (texts === undefined || role === undefined) return "unwanted";
  if (parseRoleArn(role) === undefined) return "held";
  const target = texts[keys.targetRoleArn];
  if (!mayUse(world, ref, role) || (target !== undefined && !mayUse(world, ref, target))) return "restricted";
  if (!["true", "false", undefined].includes(texts[keys.disableSessionTags])) return "held";
  if (world.roleTrustCheck === "block" && world.untrusted.includes(role)) return "held";
  return "wanted";
}

export function mayUse(world: World, ref: ServiceAccountRef, role: string): boolean {
  const rule = world.restrict.find((candidate) => matches(candidate.role, role));
  if (rule === undefined) return true;
  return rule.allow.some(
    ({ namespace, name }) => matches(namespace, ref.namespace) && matches(name, ref.name),
  );
}

export function annotationsOf(
  world: World,
  ref: ServiceAccountRef,
): Readonly<Record<string, string>> | undefined {
  return world.serviceAccounts.find((account) => keyOf(account) === keyOf(ref))?.annotations;
}

/** The association's parts as one text, as annotated. */
function asked(world: World, ref: ServiceAccountRef): string {
  const texts = annotationsOf(world, ref) ?? {};
  return [
    texts[keys.roleArn],
    texts[keys.targetRoleArn] ?? "",
    texts[keys.disableSessionTags] === "true",
  ].join(" ");
}

/** True where both the state and AWS have what the ServiceAccount asks for. */
export function isInStep(world: World, ref: ServiceAccountRef): boolean {
  const wish = asked(world, ref);
  const live = world.live.find((association) => keyOf(association) === keyOf(ref));
  const recorded = world.recorded.find((association) => keyOf(association) === keyOf(ref));
  const parts = [live?.spec, recorded?.spec].filter((spec) => spec !== undefined);
  const said = parts.map((spec) =>
    [spec.roleArn, spec.targetRoleArn ?? "", spec.disableSessionTags ?? false].join(" "),
  );
  const isTagged = live?.tags["managed-by"] === ownTags["managed-by"];
  return (
    said.every((text) => text === wish) &&
    isTagged &&
    JSON.stringify(recorded?.tags) === JSON.stringify(ownTags)
  );
}

/** The generated expressions have the same meaning in JavaScript. */
function matches(source: string, text: string): boolean {
  if (source.startsWith("_")) return !new RegExp(source.slice(1)).test(text);
  return new RegExp(source).test(text);
}
