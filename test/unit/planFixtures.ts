import { type Pattern, parsePattern } from "../../src/config/pattern.ts";
import type { LiveAssociation, RecordedAssociation } from "../../src/model/association.ts";
import type { ClusterRef } from "../../src/model/cluster.ts";
import type { ServiceAccount } from "../../src/model/serviceAccount.ts";
import type {
  ClusterInput,
  ClusterRules,
  RestrictedRole,
  ServiceAccountMatcher,
} from "../../src/plan/types.ts";

export const cluster: ClusterRef = { name: "blue", region: "eu-west-1", account: "111122223333" };

export const keys = {
  roleArn: "eks.amazonaws.com/role-arn",
  targetRoleArn: "example.com/target-role-arn",
  disableSessionTags: "example.com/disable-session-tags",
  policy: "example.com/policy",
};

export const ownTags = { "managed-by": "eks-auto-pod-id-assoc" };

/** Rules that restrict and exclude nothing and let every deletion through. */
export const openRules: ClusterRules = {
  annotations: keys,
  exclude: [],
  restrict: [],
  tags: ownTags,
  purge: false,
  roleTrustCheck: "off",
  deletionLimit: { count: 1000, share: 1 },
};

export function roleArn(name: string): string {
  return `arn:aws:iam::111122223333:role/${name}`;
}

export function pattern(source: string): Pattern {
  const parsed = parsePattern(source);
  if ("pattern" in parsed) return parsed.pattern;
  throw new Error(`${source}: ${parsed.problem}`);
}

export function matcher(sources: { namespace?: string; name?: string }): ServiceAccountMatcher {
  return { namespace: pattern(sources.namespace ?? ""), name: pattern(sources.name ?? "") };
}

export function restricted(
  roleSource: string,
  ...allow: readonly { namespace?: string; name?: string }[]
): RestrictedRole {
  return { roleArn: pattern(roleSource), allow: allow.map(matcher) };
}

/** A ServiceAccount `default/app` that asks for the role `reader`, where nothing else is said. */
export function serviceAccount(overrides: Partial<ServiceAccount> = {}): ServiceAccount {
  return {
    namespace: "default",
    name: "app",
    annotations: { [keys.roleArn]: roleArn("reader") },
    ...overrides,
  };
}

/** Association `a-1` of `default/app` in AWS, with the role `reader` and our tags. */
export function live(overrides: Partial<LiveAssociation> = {}): LiveAssociation {
  return {
    namespace: "default",
    name: "app",
    id: "a-1",
    tags: ownTags,
    spec: { roleArn: roleArn("reader") },
    ...overrides,
  };
}

/** Association `a-1` of `default/app` in the state, with the role `reader` and our tags. */
export function recorded(overrides: Partial<RecordedAssociation> = {}): RecordedAssociation {
  return {
    namespace: "default",
    name: "app",
    id: "a-1",
    tags: ownTags,
    spec: { roleArn: roleArn("reader") },
    ...overrides,
  };
}

/** The input of `planCluster`, with complete listings of what is given. */
export function input(parts: {
  serviceAccounts?: readonly ServiceAccount[];
  live?: readonly LiveAssociation[];
  recorded?: readonly RecordedAssociation[];
  rules?: Partial<ClusterRules>;
  roleTrust?: ClusterInput["roleTrust"];
  allowedDeletions?: number;
  missingRoles?: "try" | "wait";
}): ClusterInput {
  return {
    cluster,
    rules: { ...openRules, ...parts.rules },
    serviceAccounts: { state: "complete", items: parts.serviceAccounts ?? [] },
    associations: { state: "complete", items: parts.live ?? [] },
    recorded: parts.recorded ?? [],
    roleTrust: parts.roleTrust ?? new Map(),
    ...(parts.allowedDeletions === undefined ? {} : { allowedDeletions: parts.allowedDeletions }),
    ...(parts.missingRoles === undefined ? {} : { missingRoles: parts.missingRoles }),
  };
}
