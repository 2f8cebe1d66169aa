import { z } from "zod";
import type { RecordedAssociation } from "../model/association.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";

/** How the aws provider of a recorded association was configured. */
export interface RecordedProvider {
  readonly region: string;
  readonly roleArn?: string;
}

/** An association in the stack's state, with where it stands there. */
export interface RecordedResource extends RecordedAssociation {
  readonly cluster: ClusterRef;
  readonly provider: RecordedProvider;
}

/** What the state holds of one cluster. */
export interface RecordedCluster {
  readonly cluster: ClusterRef;
  readonly associations: readonly RecordedResource[];
}

/** The type token of the association resource in `@pulumi/aws`. */
export const ASSOCIATION_TYPE = "aws:eks/podIdentityAssociation:PodIdentityAssociation";

const tagsSchema = z.record(z.string(), z.string());

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  /** True while a replaced resource waits for its deletion. */
  delete: z.boolean().optional(),
  external: z.boolean().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
  /** `URN::ID` of the provider resource. */
  provider: z.string().optional(),
});

const exportSchema = z.looseObject({
  deployment: z.looseObject({ resources: z.array(resourceSchema).optional() }).nullish(),
});

const associationSchema = z.object({
  associationId: z.string().min(1),
  associationArn: z.string().min(1),
  clusterName: z.string().min(1),
  namespace: z.string().min(1),
  serviceAccount: z.string().min(1),
  roleArn: z.string().min(1),
  targetRoleArn: z.string().nullish(),
  disableSessionTags: z.boolean().nullish(),
  policy: z.string().nullish(),
  tags: tagsSchema.nullish(),
});

/** The engine keeps a provider's nested inputs as JSON text. */
const providerSchema = z.object({
  region: z.string().optional(),
  assumeRoles: z
    .preprocess(
      (value) => (typeof value === "string" ? JSON.parse(value) : value),
      z.array(z.looseObject({ roleArn: z.string() })),
    )
    .optional(),
});

type Resource = z.infer<typeof resourceSchema>;

/**
 * The associations in a stack's exported deployment (`pulumi stack export`,
 * Automation API `exportStack`), by cluster key.
 * Throws UserError where the state is not as this program writes it: going on
 * without knowing what the state holds could delete what is live.
 */
export function readState(exported: unknown): ReadonlyMap<string, RecordedCluster> {
  const parsed = exportSchema.safeParse(exported);
  if (!parsed.success) throw unreadable("the export", parsed.error);
  const resources = parsed.data.deployment?.resources ?? [];
  const providers = new Map(resources.map((resource) => [resource.urn, resource]));
  const clusters = new Map<string, { cluster: ClusterRef; associations: RecordedResource[] }>();
  for (const resource of resources) {
    if (resource.type !== ASSOCIATION_TYPE || resource.delete || resource.external) continue;
    const recorded = readAssociation(resource, providers);
    const key = clusterKey(recorded.cluster);
    const known = clusters.get(key) ?? { cluster: recorded.cluster, associations: [] };
    known.associations.push(recorded);
    clusters.set(key, known);
  }
  return clusters;
}

function readAssociation(resource: Resource, providers: ReadonlyMap<string, Resource>): RecordedResource {
  const parsed = associationSchema.safeParse(resource.outputs);
  if (!parsed.success) throw unreadable(resource.urn, parsed.error);
  const { associationId, associationArn, clusterName, namespace, serviceAccount, tags } = parsed.data;
  const { roleArn, targetRoleArn, disableSessionTags, policy } = parsed.data;
  // arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID
  const [, , , region = "", account = ""] = associationArn.split(":");
  return {
    cluster: { name: clusterName, region, account },
    id: associationId,
    namespace,
    name: serviceAccount,
    spec: {
      roleArn,
      ...(targetRoleArn ? { targetRoleArn } : {}),
      ...(disableSessionTags ? { disableSessionTags } : {}),
      ...(policy ? { policy } : {}),
    },
    tags: tags ?? {},
    provider: readProvider(resource, providers, region),
  };
}

function readProvider(
  resource: Resource,
  providers: ReadonlyMap<string, Resource>,
  region: string,
): RecordedProvider {
  const urn = resource.provider?.slice(0, resource.provider.lastIndexOf("::"));
  const inputs = urn === undefined ? undefined : providers.get(urn)?.inputs;
  const parsed = providerSchema.safeParse(inputs ?? {});
  if (!parsed.success) throw unreadable(urn ?? resource.urn, parsed.error);
  const roleArn = parsed.data.assumeRoles?.[0]?.roleArn;
  return { region: parsed.data.region ?? region, ...(roleArn === undefined ? {} : { roleArn }) };
}

function unreadable(what: string, error: z.ZodError): UserError {
  const issue = error.issues[0];
  const field = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  return new UserError(
    `the stack's state can't be read: ${what}${field}; look at it with "pulumi stack export"`,
  );
}
