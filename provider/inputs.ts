import { z } from "zod";

/** The type token of the resource in the state. */
export const STALE_ASSOCIATIONS_TYPE = "pulumi-nodejs:dynamic/eks-pod-identity-sync:StaleAssociations";

const text = z.string();
const matcherSchema = z.object({ namespace: text, name: text });

/** The rules by which the plan judged ServiceAccounts, with expressions as they are written. */
const rulesSchema = z.object({
  annotations: z.object({ roleArn: text, targetRoleArn: text, disableSessionTags: text, policy: text }),
  exclude: z.array(matcherSchema),
  restrict: z.array(z.object({ roleArn: text, allow: z.array(matcherSchema) })),
  /** The mark of ownership. */
  tags: z.record(text, text),
});

const accessSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("local"), kubeconfig: text.exactOptional(), context: text.exactOptional() }),
  z.object({
    kind: z.literal("eks"),
    endpoint: z.object({ account: text, server: text, caData: text }),
    roleArn: text.exactOptional(),
  }),
]);

const staleSchema = z.object({
  associationId: text.min(1),
  namespace: text.min(1),
  serviceAccount: text.min(1),
  /** Whether it carried our tags in the plan; the state does not hold it either way. */
  ours: z.boolean(),
  /** Why it is stale, for previews. */
  reason: text,
});

/** Inputs of the resource `StaleAssociations`, as they stand in the state: no secret among them. */
export const inputsSchema = z.object({
  account: text.min(1),
  region: text.min(1),
  clusterName: text.min(1),
  /** The role that calls to AWS are made with; omitted, the default credentials. */
  roleArn: text.exactOptional(),
  /** How the API server is reached; the token is made when it is needed. */
  access: accessSchema,
  rules: rulesSchema,
  /** Associations looked at and deleted at a time; at least 1. */
  maxConcurrency: z.int().min(1),
  /** What to delete, after asking again. */
  stale: z.array(staleSchema),
});

/** Outputs of the resource. */
export const outputsSchema = z.object({
  /** Ids that are gone for good: AWS lists with a delay, so that the plan may name them once more. */
  deleted: z.array(text),
});

/** See `inputsSchema`. */
export type StaleAssociationsInputs = z.infer<typeof inputsSchema>;

/** One association to delete. */
export type StaleAssociation = z.infer<typeof staleSchema>;

/** See `rulesSchema`. */
export type WrittenRules = z.infer<typeof rulesSchema>;
