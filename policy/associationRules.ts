import type { ClusterEntry, Config } from "../src/config/config.ts";
import { carriesTags, type Tags } from "../src/model/association.ts";
import { parseRoleArn } from "../src/model/roleArn.ts";
import { exclusionOf, restrictionOf } from "../src/plan/desire.ts";

/** An `aws.eks.PodIdentityAssociation` as a program declares it; what is not known yet is absent. */
export interface DeclaredAssociation {
  readonly clusterName: string;
  /** The resource's own region or its provider's. */
  readonly region?: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly tags: Tags;
}

/**
 * Why the configuration forbids the association: a restricted role, and a
 * ServiceAccount that may not use it. A line for each entry and role.
 * What an entry excludes is nobody's business here.
 */
export function restrictedRoles(association: DeclaredAssociation, config: Config): readonly string[] {
  const { namespace, serviceAccount, roleArn, targetRoleArn } = association;
  const ref = { namespace, name: serviceAccount };
  const roles = targetRoleArn === undefined ? [roleArn] : [roleArn, targetRoleArn];
  return entriesFor(association, config)
    .filter((entry) => exclusionOf(ref, entry.rules) === undefined)
    .flatMap((entry) =>
      roles.flatMap((role) => {
        const verdict = restrictionOf(ref, role, entry.rules.restrict);
        if (verdict === undefined || verdict.allowed) return [];
        const who = `ServiceAccount ${namespace}/${serviceAccount} of cluster ${association.clusterName}`;
        return [
          `${who} may not use role ${role}: clusters[${entry.index}].${verdict.note}; ` +
            "add it to the rule's allow list, or give it another role",
        ];
      }),
    );
}

/** Why nobody could tell later that the association is managed: tags that it lacks, a line for each entry. */
export function missingOwnershipTags(association: DeclaredAssociation, config: Config): readonly string[] {
  const { namespace, serviceAccount, tags } = association;
  const entries = entriesFor(association, config);
  if (entries.some((entry) => carriesTags(tags, entry.rules.tags))) return [];
  return entries.map((entry) => {
    const lacking = Object.entries(entry.rules.tags).filter(([key, value]) => tags[key] !== value);
    const words = lacking.map(([key, value]) => `${key}=${value}`).join(", ");
    return (
      `the association of ServiceAccount ${namespace}/${serviceAccount} in cluster ${association.clusterName} lacks ` +
      `the tags ${words} of clusters[${entry.index}]; without them it counts as somebody else's`
    );
  });
}

/** The entries that select the association's cluster, as far as can be told without asking AWS. */
function entriesFor(association: DeclaredAssociation, config: Config): readonly ClusterEntry[] {
  // A role must be of its cluster's own account (EKS User Guide, "Configure EKS Pod Identity").
  const account = parseRoleArn(association.roleArn)?.account;
  return config.clusters.filter((entry) => {
    const { selection, region, roleArn } = entry;
    const named = selection.self
      ? selection.name === association.clusterName
      : selection.name.matches(association.clusterName);
    if (!named || (association.region !== undefined && association.region !== region)) return false;
    const entryAccount = roleArn === undefined ? undefined : parseRoleArn(roleArn)?.account;
    return entryAccount === undefined || account === undefined || entryAccount === account;
  });
}
