import { z } from "zod";
import {
  inputsSchema,
  STALE_ASSOCIATIONS_TYPE,
  type StaleAssociationsInputs,
} from "../../provider/inputs.ts";
import { type RecordedAssociation, specOf } from "../model/association.ts";
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
  /** Inputs of the cluster's resource `StaleAssociations`; absent where the state holds none. */
  readonly stale?: StaleAssociationsInputs;
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

/** What JSON text says; any other value, and text that is no JSON, as it is. */
function jsonText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The engine keeps a provider's nested inputs as JSON text. */
const providerSchema = z.object({
  region: z.string().optional(),
  assumeRoles: z.preprocess(jsonText, z.array(z.looseObject({ roleArn: z.string() }))).optional(),
});

type Resource = z.infer<typeof resourceSchema>;

/** A cluster while its resources are gathered. */
interface Gathered {
  readonly cluster: ClusterRef;
  readonly associations: RecordedResource[];
  stale?: StaleAssociationsInputs;
}

/**
 * What a stack's exported deployment (`pulumi stack export`, Automation
 * API `exportStack`) holds of each cluster, by cluster key.
 * Throws UserError where the state is not as this program writes it: going on
 * without knowing what the state holds could delete what is live.
 */
export function readState(exported: unknown): ReadonlyMap<string, RecordedCluster> {
  const parsed = exportSchema.safeParse(exported);
  if (!parsed.success) throw unreadable("the export", parsed.error);
  const resources = parsed.data.deployment?.resources ?? [];
  const providers = new Map(resources.map((resource) => [resource.urn, resource]));
  const clusters = new Map<string, Gathered>();
  const gathered = (cluster: ClusterRef): Gathered => {
    const key = clusterKey(cluster);
    const known = clusters.get(key) ?? { cluster, associations: [] };
    clusters.set(key, known);
    return known;
  };
  for (const resource of resources) {
    if (resource.delete || resource.external) continue;
    if (resource.type === ASSOCIATION_TYPE) {
      const recorded = readAssociation(resource, providers);
      gathered(recorded.cluster).associations.push(recorded);
    } else if (resource.type === STALE_ASSOCIATIONS_TYPE) {
      const stale = inputsSchema.safeParse(resource.inputs);
      // Nothing hangs on it in AWS: what another version wrote is as good as none.
      if (!stale.success) continue;
      const { account, region, clusterName } = stale.data;
      gathered({ account, region, name: clusterName }).stale = stale.data;
    }
  }
  return new Map(
    [...clusters].map(([key, cluster]) => [key, { ...cluster, associations: inOrder(cluster.associations) }]),
  );
}

/** Ids of the recorded associations, by cluster key. */
export function idsOf(
  recorded: ReadonlyMap<string, RecordedCluster>,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...recorded].map(([key, { associations }]) => [key, new Set(associations.map(({ id }) => id))]),
  );
}

/**
 * An association as the state records it, of its resource's outputs; what is wrong with them, where they are not as
 * the aws provider writes them.
 * @param providerOf how its provider was configured, by the association's region
 */
export function readOutputs(
  outputs: unknown,
  providerOf: (region: string) => RecordedProvider,
): RecordedResource | z.ZodError {
  const parsed = associationSchema.safeParse(outputs);
  if (!parsed.success) return parsed.error;
  const { associationId, associationArn, clusterName, namespace, serviceAccount, tags } = parsed.data;
  // arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID
  const [, , , region = "", account = ""] = associationArn.split(":");
  return {
    cluster: { name: clusterName, region, account },
    id: associationId,
    namespace,
    name: serviceAccount,
    spec: specOf(parsed.data),
    tags: tags ?? {},
    provider: providerOf(region),
  };
}

/** In one order, whatever order they were written in. */
export function inOrder(associations: Iterable<RecordedResource>): readonly RecordedResource[] {
  const rank = ({ namespace, name, id }: RecordedResource) => `${namespace}/${name} ${id}`;
  const ranked = Array.from(associations, (association) => [rank(association), association] as const);
  return ranked.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, association]) => association);
}

function readAssociation(resource: Resource, providers: ReadonlyMap<string, Resource>): RecordedResource {
  const read = readOutputs(resource.outputs, (region) => readProvider(resource, providers, region));
  if (read instanceof z.ZodError) throw unreadable(resource.urn, read);
  return read;
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
