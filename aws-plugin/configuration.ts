import { z } from "zod";
import type { TagSettings } from "./podIdentityAssociation/tags.ts";
import { hasUnknown, type Properties } from "./propertyValue.ts";

const texts = z.array(z.string());
const tagMap = z.record(z.string(), z.string());

/** Nested values of the configuration, under the names that `@pulumi/aws` gives their types. */
export const nestedSchemas = {
  ProviderAssumeRole: z.object({
    roleArn: z.string().optional(),
    sessionName: z.string().optional(),
    externalId: z.string().optional(),
    duration: z.string().optional(),
    policy: z.string().optional(),
    policyArns: texts.optional(),
    sourceIdentity: z.string().optional(),
    tags: tagMap.optional(),
    transitiveTagKeys: texts.optional(),
  }),
  ProviderDefaultTags: z.object({ tags: tagMap.default({}) }),
  ProviderIgnoreTags: z.object({ keys: texts.default([]), keyPrefixes: texts.default([]) }),
  /** Of the services only those that are called here. */
  ProviderEndpoint: z.object({ eks: z.string().optional(), sts: z.string().optional() }),
};

const served = {
  accessKey: z.string(),
  allowedAccountIds: texts,
  assumeRoles: z.array(nestedSchemas.ProviderAssumeRole),
  defaultTags: nestedSchemas.ProviderDefaultTags,
  endpoints: z.array(nestedSchemas.ProviderEndpoint),
  forbiddenAccountIds: texts,
  ignoreTags: nestedSchemas.ProviderIgnoreTags,
  maxRetries: z.coerce.number().int().nonnegative(),
  profile: z.string(),
  region: z.string(),
  retryMode: z.enum(["standard", "adaptive"]),
  secretKey: z.string(),
  stsRegion: z.string(),
  token: z.string(),
  useDualstackEndpoint: z.stringbool().or(z.boolean()),
  useFipsEndpoint: z.stringbool().or(z.boolean()),
} as const;

/** Keys of the real plugin that are accepted without effect: they concern checks and services that are not used here. */
export const ignoredKeys = [
  "s3UsEast1RegionalEndpoint",
  "s3UsePathStyle",
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
  "tagPolicyCompliance",
  "tokenBucketRateLimiterCapacity",
  "userAgents",
] as const;

/**
 * Keys of the real plugin that are refused: without them a call could go out
 * as somebody else or by another way than the user meant. What to use instead.
 */
export const refusedKeys = {
  assumeRoleWithWebIdentity: "set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
  customCaBundle: "set NODE_EXTRA_CA_CERTS",
  ec2MetadataServiceEndpoint: "set AWS_EC2_METADATA_SERVICE_ENDPOINT",
  ec2MetadataServiceEndpointMode: "set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  httpProxy: "set NODE_USE_ENV_PROXY=1 and HTTP_PROXY",
  httpsProxy: "set NODE_USE_ENV_PROXY=1 and HTTPS_PROXY",
  insecure: "set NODE_EXTRA_CA_CERTS to the endpoint's CA",
  noProxy: "set NO_PROXY",
  sharedConfigFiles: "set AWS_CONFIG_FILE",
  sharedCredentialsFiles: "set AWS_SHARED_CREDENTIALS_FILE",
} as const;

/** Keys of the real plugin's configuration that have their effect here too. */
export const servedKeys = Object.keys(served);

// Set by the engine on any provider, beside the plugin's own keys.
const engineKeys = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization"];

/** A role to assume, one after the other. */
export type AssumeRole = z.infer<typeof nestedSchemas.ProviderAssumeRole>;

const configurationSchema = z.object(served).partial();

/** The provider's configuration, as far as it is served. */
export type Configuration = z.infer<typeof configurationSchema>;

/** A key that can't be used, and why. */
export interface ConfigurationFailure {
  readonly property: string;
  readonly reason: string;
}

/**
 * Reads the provider's configuration. Nested values come as JSON text (the
 * SDKs and the engine's `variables` do so) or as they are; a value that is
 * not known yet, in a preview, is left out.
 */
export function readConfiguration(given: Properties): {
  configuration: Configuration;
  failures: readonly ConfigurationFailure[];
} {
  const failures: ConfigurationFailure[] = [];
  const known: Record<string, unknown> = {};
  for (const [property, value] of Object.entries(given)) {
    if (value === null || value === "" || engineKeys.includes(property) || property.startsWith("__"))
      continue;
    const instead = Object.entries(refusedKeys).find(([key]) => key === property)?.[1];
    if (instead !== undefined) {
      failures.push({ property, reason: `not served by the stand-in for the aws plugin; ${instead}` });
    } else if (servedKeys.includes(property)) {
      if (!hasUnknown(value)) known[property] = decode(value);
    } else if (!ignoredKeys.some((key) => key === property)) {
      failures.push({ property, reason: "no such key in the configuration of the aws provider" });
    }
  }
  const parsed = configurationSchema.safeParse(known);
  for (const issue of parsed.error?.issues ?? []) {
    failures.push({ property: String(issue.path[0]), reason: `${issue.path.join(".")}: ${issue.message}` });
  }
  return { configuration: parsed.data ?? {}, failures };
}

/** What the configuration says of tags. */
export function tagSettings({ defaultTags, ignoreTags }: Configuration): TagSettings {
  return {
    defaults: defaultTags?.tags ?? {},
    ignoredKeys: ignoreTags?.keys ?? [],
    ignoredPrefixes: ignoreTags?.keyPrefixes ?? [],
  };
}

function decode(value: unknown): unknown {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
