import type { ServiceAccountRef } from "./serviceAccount.ts";

/**
 * The part of an association that a ServiceAccount decides: what is sent to
 * CreatePodIdentityAssociation beside the cluster and the names.
 */
export interface AssociationSpec {
  /** ARN of the role that the pods get. */
  readonly roleArn: string;
  /** ARN of a second role, assumed through the first (EKS API: `targetRoleArn`). */
  readonly targetRoleArn?: string;
  /** True: the session carries no tags of the cluster, namespace and pod (EKS API: `disableSessionTags`). */
  readonly disableSessionTags?: boolean;
  /** A session policy, as JSON text; AWS takes it only with `disableSessionTags` (EKS API: `policy`). */
  readonly policy?: string;
}

/** The spec of an association as AWS or the engine's state holds it, where empty and false count as not set. */
export function specOf(fields: {
  readonly roleArn: string;
  readonly targetRoleArn?: string | null | undefined;
  readonly disableSessionTags?: boolean | null | undefined;
  readonly policy?: string | null | undefined;
}): AssociationSpec {
  const { roleArn, targetRoleArn, disableSessionTags, policy } = fields;
  return {
    roleArn,
    ...(targetRoleArn ? { targetRoleArn } : {}),
    ...(disableSessionTags ? { disableSessionTags } : {}),
    ...(policy ? { policy } : {}),
  };
}

/** Resource tags by key. */
export type Tags = Readonly<Record<string, string>>;

/** An association as AWS holds it now. */
export interface LiveAssociation extends ServiceAccountRef {
  /** `a-...`, unique in its cluster. */
  readonly id: string;
  readonly tags: Tags;
  /** Unknown where only the list was read: ListPodIdentityAssociations returns no roles. */
  readonly spec?: AssociationSpec;
  /** Set where an EKS add-on made the association; such a one is never ours. */
  readonly ownerArn?: string;
}

/** An association as the stack's state holds it: what the last update declared. */
export interface RecordedAssociation extends ServiceAccountRef {
  readonly id: string;
  readonly spec: AssociationSpec;
  readonly tags: Tags;
}

/** True where `tags` carries every one of `wanted`: the mark of an association that this program made. */
export function carriesTags(tags: Tags, wanted: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) => tags[key] === value);
}
