import type { Pattern } from "../config/pattern.ts";
import type { AssociationSpec, LiveAssociation, RecordedAssociation, Tags } from "../model/association.ts";
import type { ClusterRef } from "../model/cluster.ts";
import type { Listing } from "../model/listing.ts";
import type { ServiceAccount, ServiceAccountRef } from "../model/serviceAccount.ts";

/** Matches ServiceAccounts: both patterns must match; an omitted one matches everything. */
export interface ServiceAccountMatcher {
  readonly namespace: Pattern;
  readonly name: Pattern;
}

/** A role that only the allowed ServiceAccounts may use; nobody, where `allow` is empty. */
export interface RestrictedRole {
  readonly roleArn: Pattern;
  readonly allow: readonly ServiceAccountMatcher[];
}

/** Keys of the annotations that are read from a ServiceAccount. */
export interface AnnotationKeys {
  readonly roleArn: string;
  readonly targetRoleArn: string;
  readonly disableSessionTags: string;
  readonly policy: string;
}

/** How many deletions one run may make in a cluster: `count`, or `share` of what is managed there, whichever is more. */
export interface DeletionLimit {
  readonly count: number;
  /** 0 to 1. */
  readonly share: number;
}

/** What the configuration says of a cluster, compiled. */
export interface ClusterRules {
  readonly annotations: AnnotationKeys;
  readonly exclude: readonly ServiceAccountMatcher[];
  /** The first whose pattern matches the role decides. */
  readonly restrict: readonly RestrictedRole[];
  /** The mark of ownership, and the tags that associations get. Never empty. */
  readonly tags: Tags;
  /** Delete stale associations that others made. */
  readonly purge: boolean;
  readonly roleTrustCheck: "off" | "warn" | "block";
  readonly deletionLimit: DeletionLimit;
}

/**
 * What a role's trust policy says of Pod Identity. `unknown`: the role could
 * not be read (no permission, another account); never a reason to block.
 */
export type RoleTrust =
  | { readonly state: "trusted" }
  | { readonly state: "untrusted"; readonly problem: string }
  | { readonly state: "missing" }
  | { readonly state: "unknown"; readonly problem: string };

/** All that the plan of one cluster is made from. */
export interface ClusterInput {
  readonly cluster: ClusterRef;
  readonly rules: ClusterRules;
  /** Every ServiceAccount of the cluster, annotated or not. */
  readonly serviceAccounts: Listing<ServiceAccount>;
  /** Every association of the cluster, whoever made it. */
  readonly associations: Listing<LiveAssociation>;
  /** What the stack's state holds of the cluster. */
  readonly recorded: readonly RecordedAssociation[];
  /** By role ARN; a role that is missing here was not checked. */
  readonly roleTrust: ReadonlyMap<string, RoleTrust>;
  /**
   * What to do with a role that does not exist: `try` it all the same, since it
   * may have been made a moment ago, or `wait` until it does. Undefined: `try`.
   */
  readonly missingRoles?: "try" | "wait";
  /** Deletions that a person allowed for this run, above the limit; undefined: none. */
  readonly allowedDeletions?: number;
}

/**
 * What happens to one ServiceAccount's association.
 *
 * - `create`    none exists (or the recorded one was deleted outside: `recreate`)
 * - `adopt`     a live one with our tags that the state does not know: imported, then brought in line
 * - `update`    ours, with another role, target role, policy or tags: changed in place
 * - `unchanged` ours, as wanted
 * - `keep`      ours, and not to be touched now: excluded, invalid, blocked, unreadable
 * - `delete`    ours, and no longer wanted
 * - `purge`     somebody else's, stale, and purge is on
 * - `conflict`  wanted, but somebody else's association stands there
 * - `ignore`    not ours to act on, or nothing to act on: restricted, excluded, invalid, external
 */
export type Action =
  | "create"
  | "adopt"
  | "update"
  | "unchanged"
  | "keep"
  | "delete"
  | "purge"
  | "conflict"
  | "ignore";

/** Why a ServiceAccount is ignored or kept, for metrics and filters; the words for people are in `Decision.reason`. */
export type Cause =
  | "excluded"
  | "restricted_role"
  | "invalid"
  | "untrusted_role"
  | "external"
  | "addon"
  | "blocked"
  | "unreadable";

/** One ServiceAccount's row of the plan. */
export interface Decision extends ServiceAccountRef {
  readonly action: Action;
  /** One clause for people: what was found, and the rule that decided. */
  readonly reason: string;
  readonly cause?: Cause;
  /** The association concerned, where there is one. */
  readonly associationId?: string;
  /** The role concerned: the wanted one, else the one that the association has, where known. */
  readonly roleArn?: string;
  /**
   * What the program declares; absent where it declares nothing: `delete`, `purge`, `ignore`, and a `conflict`
   * where the state holds nothing. Every recorded association is either declared, or its row is `delete` or `purge`.
   */
  readonly declared?: Declared;
  /** For `delete`: false where the state does not know the association, so that leaving it out deletes nothing. */
  readonly recorded?: boolean;
  /** For `create`: the state knows an association that AWS no longer has. */
  readonly recreate?: boolean;
  /** True where it is carried out although the reason holds a warning: the role does not trust Pod Identity. */
  readonly warns?: boolean;
  /** True where AWS differs from what the state holds, so that the state must be refreshed before it can be mended. */
  readonly drifted?: boolean;
}

/** An association as the program declares it. */
export interface Declared {
  readonly spec: AssociationSpec;
  readonly tags: Tags;
  /** `wanted`: the ServiceAccount asks for it. `recorded`: declared as the state has it, so that it stays. */
  readonly from: "wanted" | "recorded";
  /** Import this association id instead of creating. Set only where the state does not hold the association. */
  readonly importId?: string;
}

/** The plan of one cluster: a row for every ServiceAccount or association that has something to say. */
export interface ClusterPlan {
  readonly cluster: ClusterRef;
  /** Sorted by namespace, then name. */
  readonly decisions: readonly Decision[];
  /** Set where the cluster is held as it is: why, and what to do. */
  readonly blocked?: string;
}
