import type { ClusterRules } from "../plan/types.ts";
import type { Pattern } from "./pattern.ts";
import type { ClusterSettings } from "./schema.ts";

/** The configuration, ready for use. */
export interface Config {
  /** In the order of the file. Never empty. */
  readonly clusters: readonly ClusterEntry[];
}

/** One entry of `clusters`: which clusters it selects, how they are reached, and the rules for them. */
export interface ClusterEntry {
  /** Its place in the list as it is written, from 0, for messages: `clusters[INDEX]`. */
  readonly index: number;
  /** The role for calls to AWS; omitted, the default credentials are used. */
  readonly roleArn?: string;
  readonly region: string;
  readonly selection: ClusterSelection;
  readonly rules: ClusterRules;
  /** EKS calls at a time in a cluster; at least 1. */
  readonly maxConcurrency: number;
  /** Read tags with one Describe call for each association, not with tag:GetResources. */
  readonly forceIterative: boolean;
  readonly serviceAccountReads: "provider" | "list";
}

/**
 * `self`: the one cluster of that exact name, through the local credentials
 * (kubeconfig, or in the cluster). Otherwise every cluster of the region whose
 * name matches.
 */
export type ClusterSelection =
  | { readonly self: true; readonly name: string; readonly kubeconfig?: string; readonly context?: string }
  | { readonly self: false; readonly name: Pattern };

/** Makes an entry of its settings, as the schema has checked them. */
export function clusterEntry(settings: ClusterSettings, index: number): ClusterEntry {
  return {
    index,
    ...(settings.role_arn === undefined ? {} : { roleArn: settings.role_arn }),
    region: settings.region,
    selection: selectionOf(settings),
    rules: rulesOf(settings),
    maxConcurrency: settings.max_concurrency,
    forceIterative: settings.force_iterative_association_discovery,
    serviceAccountReads: settings.service_account_reads,
  };
}

function selectionOf({ self, cluster_name, kubeconfig, context }: ClusterSettings): ClusterSelection {
  if (!self) return { self, name: cluster_name };
  return {
    self,
    name: cluster_name.source,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  };
}

function rulesOf(settings: ClusterSettings): ClusterRules {
  return {
    annotations: {
      roleArn: settings.annotation,
      targetRoleArn: settings.target_role_annotation,
      disableSessionTags: settings.disable_session_tags_annotation,
      policy: settings.policy_annotation,
    },
    exclude: written(settings.exclude_service_accounts),
    restrict: written(settings.restrict_roles).map(({ role_arn, allow }) => ({
      roleArn: role_arn,
      allow: written(allow),
    })),
    tags: settings.pod_identity_association_tags,
    purge: settings.purge_external_stale_associations,
    roleTrustCheck: settings.role_trust_check,
    deletionLimit: settings.deletion_limit,
  };
}

/** The items of a list without those that were null. */
function written<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
