import { z } from "zod";

/** A property as it crosses the plugin protocol: JSON, where a number is always a double. */
export type PropertyValue = string | number | boolean | null | PropertyValue[] | Properties;

/** Properties of a resource or of the provider, by their camelCase names. */
export interface Properties {
  readonly [name: string]: PropertyValue;
}

/**
 * Stands in a preview for a value that only the update will know
 * (`UnknownStringValue` of the engine's `plugin` package).
 */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** True where the value, or anything in it, is not known yet. */
export function hasUnknown(value: PropertyValue | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

/** Without the members that are null, undefined or the bookkeeping (`__defaults`, `__meta`) of the real plugin. */
export function stated(properties: { readonly [name: string]: PropertyValue | undefined }): Properties {
  const kept: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined && value !== null && !name.startsWith("__")) kept[name] = value;
  }
  return kept;
}

/** A property bag from the engine. */
export const propertiesSchema: z.ZodType<Properties> = z.record(z.string(), z.json());
