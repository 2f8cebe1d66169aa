import { z } from "zod";
import type { Tags } from "../../src/model/association.ts";
import { hasUnknown, type Properties, type PropertyValue, stated, UNKNOWN } from "../propertyValue.ts";
import { type InputProperty, inputProperties, type PropertyType } from "./properties.ts";
import { allTags, type TagSettings } from "./tags.ts";

/** A property that can't be used, and why. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** The provider's settings that complete a resource's inputs. */
export interface InputDefaults {
  readonly region: string | undefined;
  readonly tags: TagSettings;
}

/** The tags in a checked property; none where there is no such property. */
export const tagsSchema = z.record(z.string(), z.string()).default({});

/**
 * Checks the inputs and completes them as the real plugin does: `region` from
 * the provider's configuration, `tagsAll` with its default tags.
 */
export function check(
  news: Properties,
  defaults: InputDefaults,
): { inputs: Properties; failures: readonly CheckFailure[] } {
  const given = stated(news);
  const failures = [...wrongProperties(given), ...missingProperties(given)];
  if (failures.length > 0) return { inputs: given, failures };
  const tagsAll = hasUnknown(given.tags) ? UNKNOWN : allTags(ownTags(given), defaults.tags);
  const region = given.region ?? defaults.region;
  return { inputs: stated({ ...given, region, tagsAll }), failures };
}

/** The tags that the resource itself sets, in inputs or in a state; none while they are unknown. */
export function ownTags(properties: Properties): Tags {
  return hasUnknown(properties.tags) ? {} : tagsSchema.parse(properties.tags);
}

function wrongProperties(given: Properties): CheckFailure[] {
  const known: Readonly<Record<string, InputProperty>> = inputProperties;
  const failures: CheckFailure[] = [];
  for (const [property, value] of Object.entries(given)) {
    const declared = known[property];
    if (declared === undefined) {
      failures.push({ property, reason: `no such property; known are ${Object.keys(known).join(", ")}` });
    } else if (!isOfType(declared.type, value)) {
      const expected = declared.type === "tags" ? "a map of strings" : `a ${declared.type}`;
      failures.push({ property, reason: `must be ${expected}` });
    } else if (property.endsWith("Arn") && value !== UNKNOWN && !isArn(value)) {
      failures.push({ property, reason: `must be the ARN of an IAM role, not ${JSON.stringify(value)}` });
    }
  }
  return failures;
}

function missingProperties(given: Properties): CheckFailure[] {
  return Object.entries(inputProperties)
    .filter(([property, declared]) => declared.required && given[property] === undefined)
    .map(([property]) => ({ property, reason: "must be set" }));
}

function isOfType(type: PropertyType, value: PropertyValue): boolean {
  if (value === UNKNOWN) return true;
  return type === "tags" ? tagsSchema.safeParse(value).success : typeof value === type;
}

function isArn(value: PropertyValue): boolean {
  return typeof value === "string" && /^arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+/.test(value);
}
