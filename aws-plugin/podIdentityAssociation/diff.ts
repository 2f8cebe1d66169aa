import { isDeepStrictEqual } from "node:util";
import { type Properties, type PropertyValue, stated, UNKNOWN } from "../propertyValue.ts";
import { inputProperties } from "./properties.ts";

/** One difference between the state and the inputs. */
export interface Change {
  /** Path as the engine writes it: `roleArn`, `tags["team"]`. */
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  /** True: the association has to be made anew. */
  readonly replaces: boolean;
}

/**
 * What the checked inputs change in the recorded outputs. What decides is the
 * state as last read, not the former inputs, so that a drift that `refresh`
 * found, or a role that differs on import, is a change.
 */
export function diff(outputs: Properties, inputs: Properties): readonly Change[] {
  const before = comparable(outputs);
  const after = comparable(inputs);
  const changes: Change[] = [];
  for (const [name, { replaces }] of Object.entries(inputProperties)) {
    if (name === "tags") continue;
    // An unset region means "the provider's"; states of older releases do not hold any.
    if (name === "region" && (before.region === undefined || after.region === undefined)) continue;
    changes.push(...change(name, before[name], after[name], replaces));
  }
  return [
    ...changes,
    ...mapChanges("tags", before.tags, after.tags),
    ...mapChanges("tagsAll", before.tagsAll, after.tagsAll),
  ];
}

/** Says the same thing in the same way: absent means false for disableSessionTags, empty means absent. */
function comparable(properties: Properties): Properties {
  const { policy, targetRoleArn, ...rest } = stated(properties);
  return stated({
    disableSessionTags: false,
    tags: {},
    tagsAll: {},
    ...rest,
    targetRoleArn: targetRoleArn === "" ? null : targetRoleArn,
    policy: policy === "" ? null : policy,
  });
}

function change(
  path: string,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
  replaces: boolean,
): Change[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "add", replaces }];
  if (after === undefined) return [{ path, kind: "delete", replaces }];
  const isSame =
    after !== UNKNOWN && (before === after || (path === "policy" && isSamePolicy(before, after)));
  return isSame ? [] : [{ path, kind: "update", replaces }];
}

function mapChanges(
  name: string,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
): Change[] {
  if (after === UNKNOWN) return [{ path: name, kind: "update", replaces: false }];
  if (!isMap(before) || !isMap(after)) return change(name, before, after, false);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => change(`${name}[${JSON.stringify(key)}]`, before[key], after[key], false));
}

function isMap(value: PropertyValue | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** AWS may hand a policy back with other blanks or another order of members. */
function isSamePolicy(before: PropertyValue, after: PropertyValue): boolean {
  if (typeof before !== "string" || typeof after !== "string") return false;
  try {
    return isDeepStrictEqual(JSON.parse(before), JSON.parse(after));
  } catch {
    return false;
  }
}
