import type { z } from "zod";
import { type Contradiction, clusterContradictions, selfContradictions } from "./contradictions.ts";
import {
  annotationKey,
  flag,
  list,
  mapping,
  oneOf,
  optionalText,
  pattern,
  region,
  required,
  roleArn,
  share,
  wholeNumber,
} from "./fields.ts";
import { DEFAULT_TAGS, tags } from "./tags.ts";

const DEFAULT_MAX_CONCURRENCY = 5;

const serviceAccountMatcher = mapping({
  name: pattern.meta({ description: "Expression for the ServiceAccount's name; omitted, any name." }),
  namespace: pattern.meta({ description: "Expression for its namespace; omitted, any namespace." }),
});

const restrictedRole = mapping({
  role_arn: pattern.meta({
    description: "Expression for the ARN of the restricted role; omitted, any role.",
  }),
  allow: list(serviceAccountMatcher)
    .prefault([])
    .meta({ description: "The ServiceAccounts that may use the role; omitted or empty, nobody may." }),
});

const deletionLimit = mapping({
  count: wholeNumber
    .refine((count) => count >= 0, "is less than 0; write how many deletions one run may make")
    .prefault(20)
    .meta({ description: "Deletions that one run may always make in a cluster." }),
  share: share.prefault(0.1).meta({
    description: "Share of the cluster's managed associations that one run may delete: 0.1 or 10%.",
  }),
});

const cluster = mapping({
  role_arn: roleArn.meta({
    description:
      "ARN of the role that is assumed for calls to AWS; omitted, the default credentials are used.",
  }),
  region: region.meta({ description: "The AWS region of the clusters, for instance us-east-1." }),
  cluster_name: pattern.meta({
    description:
      "Expression for the clusters' names; omitted, every cluster of the region. With self: true the exact name of the one cluster.",
  }),
  self: flag.prefault(false).meta({
    description:
      "true: reach the cluster with the local credentials (kubeconfig, or in the cluster). false: find clusters with ListClusters and DescribeCluster.",
  }),
  kubeconfig: optionalText.meta({
    description:
      "With self: true, the kubeconfig file; omitted, KUBECONFIG, ~/.kube/config, or in the cluster.",
  }),
  context: optionalText.meta({
    description: "With self: true, the context of the kubeconfig; omitted, its current context.",
  }),
  annotation: annotationKey("eks.amazonaws.com/role-arn").meta({
    description: "Key of the annotation that holds a ServiceAccount's role.",
  }),
  target_role_annotation: annotationKey("eks-pod-identity-sync/target-role-arn").meta({
    description: "Key of the annotation that holds the target role, assumed through the first role.",
  }),
  disable_session_tags_annotation: annotationKey("eks-pod-identity-sync/disable-session-tags").meta({
    description: "Key of the annotation that turns session tags off, with the value true.",
  }),
  policy_annotation: annotationKey("eks-pod-identity-sync/policy").meta({
    description:
      "Key of the annotation that holds a session policy as JSON; it needs session tags turned off.",
  }),
  exclude_service_accounts: list(serviceAccountMatcher).prefault([]).meta({
    description:
      "ServiceAccounts to keep hands off: their associations are not created, changed or deleted. Name and namespace must both match.",
  }),
  restrict_roles: list(restrictedRole).prefault([]).meta({
    description:
      "Roles that only the allowed ServiceAccounts may use; the first rule that matches the role decides.",
  }),
  pod_identity_association_tags: tags.prefault(DEFAULT_TAGS).meta({
    description:
      "Tags of the associations, and the mark of those that are ours; an empty mapping means the default.",
  }),
  max_concurrency: wholeNumber
    .transform((limit) => (limit < 1 ? DEFAULT_MAX_CONCURRENCY : limit))
    .prefault(DEFAULT_MAX_CONCURRENCY)
    .meta({ description: "EKS calls at a time in a cluster; less than 1 means 5." }),
  purge_external_stale_associations: flag.prefault(false).meta({
    description: "true: also delete associations that others made and whose ServiceAccount is gone.",
  }),
  force_iterative_association_discovery: flag.prefault(false).meta({
    description:
      "true: read tags with one DescribePodIdentityAssociation each, where tag:GetResources is blocked.",
  }),
  role_trust_check: oneOf("off", "warn", "block").default("warn").meta({
    description:
      "Whether a role's trust policy must admit Pod Identity before an association to it is made: not read (off), told (warn), required (block).",
  }),
  deletion_limit: deletionLimit.prefault({}).meta({
    description: "How many associations one run may delete in a cluster: count or share, whichever is more.",
  }),
  service_account_reads: oneOf("provider", "list").default("provider").meta({
    description:
      "provider: bind each ServiceAccount through the Kubernetes provider. list: take it from the list alone, for very large clusters.",
  }),
});

// Zod skips a check where an earlier one failed; these run always, so that one look shows every problem.
const evenWithProblems = { when: () => true };

function report(contradictions: readonly Contradiction[], context: z.core.$RefinementCtx<unknown>): void {
  for (const { path, message } of contradictions) {
    context.addIssue({ code: "custom", path: [...path], message });
  }
}

const LIST_CLUSTERS = "list the clusters to keep in step";

// An empty list is refused: leaving every cluster out would delete all that was made for them.
const clusters = list(
  cluster.superRefine((entry, context) => report(clusterContradictions(entry), context), evenWithProblems),
  required("is not a list", LIST_CLUSTERS),
)
  .refine((entries) => entries.some((entry) => entry !== undefined), `is empty; ${LIST_CLUSTERS}`)
  .superRefine((entries, context) => report(selfContradictions(entries), context), evenWithProblems);

/** The whole configuration, as it is written; what comes out has every default in place. */
export const configSchema = mapping({
  clusters: clusters.meta({ description: "The clusters to keep in step, each entry one cluster or many." }),
});

/** One entry of `clusters`, checked and with its defaults. */
export type ClusterSettings = z.output<typeof cluster>;
