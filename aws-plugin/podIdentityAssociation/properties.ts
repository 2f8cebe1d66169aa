/** The resource's type token in `@pulumi/aws`. */
export const token = "aws:eks/podIdentityAssociation:PodIdentityAssociation";

/** Type of a property: `tags` is a map of strings. */
export type PropertyType = "string" | "boolean" | "tags";

/** What the schema says of a property that the user sets. */
export interface InputProperty {
  readonly type: PropertyType;
  readonly required: boolean;
  /** True: a change makes a new association (`RequiresReplace` of Terraform's aws_eks_pod_identity_association). */
  readonly replaces: boolean;
}

/** What the schema says of a property in the state. */
export interface OutputProperty {
  readonly type: PropertyType;
  /** False: absent from the state where AWS has none. */
  readonly always: boolean;
}

const optional = { required: false, replaces: false } as const;
const identity = { required: true, replaces: true } as const;

/** PodIdentityAssociationArgs of `@pulumi/aws`, name by name. */
export const inputProperties = {
  clusterName: { type: "string", ...identity },
  disableSessionTags: { type: "boolean", ...optional },
  namespace: { type: "string", ...identity },
  policy: { type: "string", ...optional },
  region: { type: "string", required: false, replaces: true },
  roleArn: { type: "string", required: true, replaces: false },
  serviceAccount: { type: "string", ...identity },
  tags: { type: "tags", ...optional },
  targetRoleArn: { type: "string", ...optional },
} as const satisfies Record<string, InputProperty>;

/** The outputs of the class PodIdentityAssociation of `@pulumi/aws`, name by name. */
export const outputProperties = {
  associationArn: { type: "string", always: true },
  associationId: { type: "string", always: true },
  clusterName: { type: "string", always: true },
  disableSessionTags: { type: "boolean", always: true },
  externalId: { type: "string", always: true },
  namespace: { type: "string", always: true },
  policy: { type: "string", always: false },
  region: { type: "string", always: true },
  roleArn: { type: "string", always: true },
  serviceAccount: { type: "string", always: true },
  tags: { type: "tags", always: false },
  tagsAll: { type: "tags", always: true },
  targetRoleArn: { type: "string", always: false },
} as const satisfies Record<string, OutputProperty>;
