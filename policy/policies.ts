import type { Properties } from "../aws-plugin/propertyValue.ts";
import type { Config } from "../src/config/config.ts";
import { missingOwnershipTags, restrictedRoles } from "./associationRules.ts";
import { type DeclaredAssociation, readAssociation } from "./declaredAssociation.ts";

/** What a violation does: `mandatory` fails the update, `advisory` is a warning. */
export type Level = "mandatory" | "advisory";

/** One policy of the pack. */
export interface Policy {
  readonly name: string;
  readonly description: string;
  readonly level: Level;
  /** A line for each violation. */
  readonly rule: (association: DeclaredAssociation, config: Config) => readonly string[];
}

const restrictRoles: Policy = {
  name: "restrict-roles",
  description: "A restricted role is used only by the ServiceAccounts that restrict_roles allows.",
  level: "mandatory",
  rule: restrictedRoles,
};

/** The pack's policies, which hold for the associations of any program. */
export const policies: readonly Policy[] = [
  restrictRoles,
  {
    name: "ownership-tags",
    description: "Associations carry the tags that mark them as managed (pod_identity_association_tags).",
    level: "advisory",
    rule: missingOwnershipTags,
  },
];

/** What is wrong with a resource. */
export interface Violation {
  readonly policy: Policy;
  readonly message: string;
  readonly level: Level;
}

/** A resource as the engine shows it before it is made or changed. */
export interface DeclaredResource {
  readonly type: string;
  readonly inputs: Properties;
  /** The inputs of its provider. */
  readonly provider: Properties;
}

/**
 * What the policies say of the resource. In a preview, what can't be judged
 * yet is an advice and no violation: the update judges it, before it acts.
 */
export function violationsOf(resource: DeclaredResource, config: Config): readonly Violation[] {
  if (resource.type !== "aws:eks/podIdentityAssociation:PodIdentityAssociation") return [];
  const read = readAssociation(resource.inputs, resource.provider);
  if ("unknown" in read) {
    const message = `not checked yet: ${read.unknown.join(", ")} will be known only in the update, which checks it`;
    return [{ policy: restrictRoles, message, level: "advisory" }];
  }
  return policies.flatMap((policy) =>
    policy.rule(read.association, config).map((message) => ({ policy, message, level: policy.level })),
  );
}
