import { z } from "zod";
import { parseRoleArn } from "../../src/model/roleArn.ts";
import type { Association } from "./associationStore.ts";
import { AwsError } from "./awsError.ts";
import { text } from "./operation.ts";
import { tagMap } from "./tagRules.ts";
import { trusts } from "./trustPolicy.ts";
import { type Cluster, externalIdOf, type World } from "./world.ts";

/** Input of CreatePodIdentityAssociation. */
export const createInput = z.object({
  clusterName: text,
  namespace: text,
  serviceAccount: text,
  roleArn: text,
  clientRequestToken: z.string().optional(),
  tags: tagMap.default({}),
  disableSessionTags: z.boolean().default(false),
  targetRoleArn: z.string().optional(),
  policy: z.string().optional(),
});
/** See {@link createInput}. */
export type CreateInput = z.output<typeof createInput>;

/** Input of UpdatePodIdentityAssociation: "You must change at least one of these in an update." */
export const updateInput = z
  .object({
    clusterName: text,
    associationId: text,
    roleArn: text.optional(),
    clientRequestToken: z.string().optional(),
    disableSessionTags: z.boolean().optional(),
    targetRoleArn: z.string().optional(),
    policy: z.string().optional(),
  })
  .refine(
    ({ roleArn, disableSessionTags, targetRoleArn, policy }) =>
      [roleArn, disableSessionTags, targetRoleArn, policy].some((value) => value !== undefined),
    "At least one of roleArn, targetRoleArn, disableSessionTags and policy must be given.",
  );
/** See {@link updateInput}. */
export type UpdateInput = z.output<typeof updateInput>;

type Roles = Pick<CreateInput, "roleArn" | "targetRoleArn">;

/** Refuses roles as EKS does: form, account, existence and trust policy. Throws {@link AwsError}. */
export function checkRoles({ roleArn, targetRoleArn }: Roles, cluster: Cluster, world: World): void {
  const parsed = parseRoleArn(roleArn);
  if (parsed === undefined) throw invalid("Role ARN provided in the request is invalid");
  if (targetRoleArn && parseRoleArn(targetRoleArn) === undefined)
    throw invalid("Target role ARN provided in the request is invalid");
  // "The EKS Pod Identity role must be in your EKS cluster's account due to IAM PassRole requirements" (EKS user guide).
  if (parsed.account !== cluster.account)
    throw new AwsError("AccessDeniedException", "Cross-account pass role is not allowed.");
  const role = world.role(roleArn);
  if (role === undefined) throw invalid("Role provided in the request does not exist.");
  const assumer = { service: "pods.eks.amazonaws.com" };
  if (!["sts:AssumeRole", "sts:TagSession"].every((action) => trusts(role.trustPolicy, assumer, action))) {
    throw invalid(
      "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
    );
  }
}

/** Refuses a policy that is no JSON object, or comes without `disableSessionTags`. Throws {@link AwsError}. */
export function checkPolicy({
  policy,
  disableSessionTags,
}: Pick<CreateInput, "policy" | "disableSessionTags">): void {
  if (!policy) return;
  if (!disableSessionTags) throw invalid("disableSessionTags must be true when a policy is given.");
  if (!isJsonObject(policy)) throw invalid("The policy is not valid JSON.");
}

/** The association after an update; an empty target role or policy takes it away. `now` in seconds since the epoch. */
export function changedAssociation(
  before: Association,
  input: UpdateInput,
  cluster: Cluster,
  now: number,
): Association {
  const { targetRoleArn: oldTarget, externalId: oldExternalId, policy: oldPolicy, ...rest } = before;
  const targetRoleArn = input.targetRoleArn ?? oldTarget;
  const policy = input.policy ?? oldPolicy;
  return {
    ...rest,
    roleArn: input.roleArn ?? before.roleArn,
    disableSessionTags: input.disableSessionTags ?? before.disableSessionTags,
    ...(targetRoleArn ? { targetRoleArn, externalId: oldExternalId ?? externalIdOf(cluster, before) } : {}),
    ...(policy ? { policy } : {}),
    modifiedAt: now,
  };
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

function isJsonObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
