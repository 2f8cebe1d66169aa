import { z } from "zod";
import { type Properties, type PropertyValue, UNKNOWN } from "../aws-plugin/propertyValue.ts";
import type { Tags } from "../src/model/association.ts";

/** An `aws.eks.PodIdentityAssociation` as a program declares it. */
export interface DeclaredAssociation {
  readonly clusterName: string;
  /** The resource's own region or its provider's; absent where neither says one. */
  readonly region?: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  /** Those of the provider included; absent while one of them is not known yet. */
  readonly tags?: Tags;
}

const text = z.string().refine((value) => value !== UNKNOWN);
const tagsSchema = z.record(z.string(), text);

const resourceSchema = z.object({
  clusterName: text,
  region: text.nullish(),
  namespace: text,
  serviceAccount: text,
  roleArn: text,
  targetRoleArn: text.nullish(),
});

/**
 * Reads the association from the resource's inputs and its provider's; or
 * names the properties that a preview does not know yet.
 */
export function readAssociation(
  resource: Properties,
  provider: Properties,
): { readonly association: DeclaredAssociation } | { readonly unknown: readonly string[] } {
  const inputs = revealed(resource);
  const parsed = resourceSchema.safeParse(inputs);
  if (!parsed.success)
    return { unknown: [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))] };
  const { region, targetRoleArn, ...names } = parsed.data;
  const settings = revealed(provider);
  const where = region || text.safeParse(settings.region).data;
  const tags = tagsOf(inputs, settings);
  return {
    association: {
      ...names,
      ...(where ? { region: where } : {}),
      ...(targetRoleArn ? { targetRoleArn } : {}),
      ...(tags === undefined ? {} : { tags }),
    },
  };
}

/** The resource's own tags, over those that its provider puts on everything. */
function tagsOf(inputs: Properties, provider: Properties): Tags | undefined {
  const own = tagsSchema.safeParse(inputs.tags ?? {});
  const standard = z.object({ tags: tagsSchema.nullish() }).safeParse(fromJson(provider.defaultTags) ?? {});
  return own.success && standard.success ? { ...standard.data.tags, ...own.data } : undefined;
}

/** Nested settings of a provider cross the protocol as JSON text. */
function fromJson(value: PropertyValue | undefined): unknown {
  if (typeof value !== "string" || value === UNKNOWN) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

// Marks an object as a secret, and its `value` as what is secret (`SigKey` and `SecretSig` of the engine's `resource` package).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The properties with their secrets as plain values: whether a role is allowed does not depend on it. */
function revealed(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, plain(value)]));
}

function plain(value: PropertyValue): PropertyValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value[SIGNATURE] === SECRET) return plain(value.value ?? null);
  return revealed(value);
}
