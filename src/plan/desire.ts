import type { Pattern } from "../config/pattern.ts";
import type { AssociationSpec } from "../model/association.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import type { ServiceAccount, ServiceAccountRef } from "../model/serviceAccount.ts";
import { canonicalPolicy } from "./sessionPolicy.ts";
import type { ClusterRules, RestrictedRole, ServiceAccountMatcher } from "./types.ts";

/** The rules that decide what a ServiceAccount asks for. */
export type DesireRules = Pick<ClusterRules, "annotations" | "exclude" | "restrict">;

/**
 * What a ServiceAccount asks for, as the rules see it.
 *
 * - `unannotated` nothing: it does not carry the role annotation
 * - `excluded`    hands off, whatever it asks for
 * - `restricted`  a role (`roleArn`) that it may not use: counts as asking for nothing
 * - `invalid`     something that AWS would refuse: what it has stays
 * - `wanted`      the association `spec`; `ruleNote` says which rule admits it, where one had to
 */
export type Desire =
  | { readonly state: "unannotated" }
  | { readonly state: "excluded"; readonly reason: string }
  | { readonly state: "restricted"; readonly roleArn: string; readonly reason: string }
  | { readonly state: "invalid"; readonly reason: string }
  | { readonly state: "wanted"; readonly spec: AssociationSpec; readonly ruleNote?: string };

/**
 * What `serviceAccount` asks for. Pure, so that it gives the same answer in the
 * plan and when the program reads the ServiceAccount again as it applies the plan.
 *
 * A restricted role is refused before the annotations beside it are looked at:
 * a malformed one must not turn "may not have it" into "keeps what it has".
 */
export function desireOf(serviceAccount: ServiceAccount, rules: DesireRules): Desire {
  const keys = rules.annotations;
  const roleArn = annotation(serviceAccount, keys.roleArn);
  if (roleArn === undefined) return { state: "unannotated" };
  const exclusion = exclusionOf(serviceAccount, rules);
  if (exclusion !== undefined) return { state: "excluded", reason: exclusion };

  const targetRoleArn = annotation(serviceAccount, keys.targetRoleArn);
  const notes: string[] = [];
  for (const [key, role] of [
    [keys.roleArn, roleArn],
    [keys.targetRoleArn, targetRoleArn],
  ] as const) {
    if (role === undefined) continue;
    if (parseRoleArn(role) === undefined) return invalid(key, role, "is not the ARN of an IAM role");
    const verdict = restrictionOf(serviceAccount, role, rules.restrict);
    if (verdict?.allowed === false) return { state: "restricted", roleArn: role, reason: verdict.note };
    if (verdict !== undefined) notes.push(verdict.note);
  }

  const options = sessionOptionsOf(serviceAccount, rules);
  if ("state" in options) return options;
  const target = targetRoleArn === undefined ? {} : { targetRoleArn };
  const spec = { roleArn, ...target, ...options };
  return notes.length === 0
    ? { state: "wanted", spec }
    : { state: "wanted", spec, ruleNote: notes.join("; ") };
}

/** Which exclusion rule takes the ServiceAccount out of all synchronisation; undefined: none does. */
export function exclusionOf(ref: ServiceAccountRef, rules: DesireRules): string | undefined {
  const index = rules.exclude.findIndex((matcher) => matchesServiceAccount(matcher, ref));
  const matcher = rules.exclude[index];
  if (matcher === undefined) return undefined;
  return `exclude_service_accounts[${index}] (namespace ${words(matcher.namespace)}, name ${words(matcher.name)}) excludes it`;
}

/** What `restrict_roles` says of the ServiceAccount and the role: the first rule whose pattern matches decides alone; undefined: none does. */
export function restrictionOf(
  ref: ServiceAccountRef,
  roleArn: string,
  restrict: readonly RestrictedRole[],
): { readonly allowed: boolean; readonly note: string } | undefined {
  const index = restrict.findIndex((rule) => rule.roleArn.matches(roleArn));
  const rule = restrict[index];
  if (rule === undefined) return undefined;
  const allowed = rule.allow.some((matcher) => matchesServiceAccount(matcher, ref));
  const verb = allowed ? "allows" : "does not allow";
  return { allowed, note: `restrict_roles[${index}] (${words(rule.roleArn)}) ${verb} ${roleArn}` };
}

function matchesServiceAccount(matcher: ServiceAccountMatcher, ref: ServiceAccountRef): boolean {
  return matcher.namespace.matches(ref.namespace) && matcher.name.matches(ref.name);
}

type SessionOptions = Pick<AssociationSpec, "disableSessionTags" | "policy">;
type Invalid = Extract<Desire, { state: "invalid" }>;

function sessionOptionsOf(serviceAccount: ServiceAccount, rules: DesireRules): SessionOptions | Invalid {
  const keys = rules.annotations;
  const disable = annotation(serviceAccount, keys.disableSessionTags);
  if (disable !== undefined && disable !== "true" && disable !== "false") {
    return invalid(keys.disableSessionTags, disable, 'is neither "true" nor "false"');
  }
  const disableSessionTags = disable === "true";
  const options = disableSessionTags ? { disableSessionTags } : {};

  const text = annotation(serviceAccount, keys.policy);
  if (text === undefined) return options;
  const policy = canonicalPolicy(text);
  if (policy === undefined) return invalid(keys.policy, text, "is not a JSON object");
  // EKS API Reference, CreatePodIdentityAssociation: a policy needs disableSessionTags to be true.
  if (!disableSessionTags) {
    return invalid(keys.policy, text, `is taken only with ${keys.disableSessionTags}: "true"`);
  }
  return { ...options, policy };
}

function annotation(serviceAccount: ServiceAccount, key: string): string | undefined {
  return Object.hasOwn(serviceAccount.annotations, key) ? serviceAccount.annotations[key] : undefined;
}

const SHOWN_CHARACTERS = 200;

/** Quoted and cut: whoever may annotate a ServiceAccount decides the text, and it ends in log lines. */
function invalid(key: string, text: string, problem: string): Invalid {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
  return { state: "invalid", reason: `annotation ${key}: ${JSON.stringify(shown)} ${problem}` };
}

function words(pattern: Pattern): string {
  return pattern.source === "" ? "anything" : pattern.source;
}
