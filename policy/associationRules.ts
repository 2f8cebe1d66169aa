import type { ClusterEntry, Config } from "../src/config/config.ts";
import { carriesTags } from "../src/model/association.ts";
import { parseRoleArn } from "../src/model/roleArn.ts";
import { exclusionOf, restrictionOf } from "../src/plan/desire.ts";
import type { DeclaredAssociation } from "./declaredAssociation.ts";

/**
 * Why the configuration forbids the association: a restricted role, and a
 * ServiceAccount that may not use it. A line for each entry and role.
 *
 * What an entry excludes is nobody's business here: the program keeps it as it
 * is. One association that the program keeps is refused all the same, and with
 * it the whole update: a restriction was added to the configuration for a role
 * that is in use, while the deletion guard or a failed listing holds the
 * cluster. Nobody shall have the role, and the program may not take it away;
 * a person decides, by allowing the deletion or by mending the listing.
 */
export function restrictedRoles(association: DeclaredAssociation, config: Config): readonly string[] {
  const { namespace, serviceAccount, roleArn, targetRoleArn } = association;
  const ref = { namespace, name: serviceAccount };
  const roles = targetRoleArn === undefined ? [roleArn] : [roleArn, targetRoleArn];
  return entriesFor(association, config).flatMap((entry) =>
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
  if (tags === undefined) return [];
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

/** The entries that select the association's cluster, as far as can be told without asking AWS, and do not exclude it. */
function entriesFor(association: DeclaredAssociation, config: Config): readonly ClusterEntry[] {
  // A role must be of its cluster's own account (EKS User Guide, "Configure EKS Pod Identity").
  const account = parseRoleArn(association.roleArn)?.account;
  const ref = { namespace: association.namespace, name: association.serviceAccount };
  return config.clusters.filter((entry) => {
    const { selection, region, roleArn } = entry;
    const named = selection.self
      ? selection.name === association.clusterName
      : selection.name.matches(association.clusterName);
    if (!named || (association.region !== undefined && association.region !== region)) return false;
    const entryAccount = roleArn === undefined ? undefined : parseRoleArn(roleArn)?.account;
    const sameAccount = entryAccount === undefined || account === undefined || entryAccount === account;
    return sameAccount && exclusionOf(ref, entry.rules) === undefined;
  });
}
