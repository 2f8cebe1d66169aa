import { GetRoleCommand, type IAMClient } from "@aws-sdk/client-iam";
import { parseRoleArn } from "../model/roleArn.ts";
import { UserError } from "../model/userError.ts";
import { calling, isNotFound } from "./errors.ts";

/** What iam:GetRole says of a role. */
export type FoundRole =
  /** `trustPolicy`: URL-encoded JSON, as IAM returns it. */
  { readonly state: "found"; readonly trustPolicy: string } | { readonly state: "missing" };

/**
 * The trust policy of a role of the credentials' own account.
 * Throws UserError where IAM refuses, does not answer before `signal` ends the
 * wait, or answers something else.
 */
export async function readRole(iam: IAMClient, roleArn: string, signal: AbortSignal): Promise<FoundRole> {
  const name = parseRoleArn(roleArn)?.name;
  if (name === undefined) throw new UserError(`${roleArn} is not the ARN of an IAM role`);
  try {
    const answer = await calling("iam:GetRole", () =>
      iam.send(new GetRoleCommand({ RoleName: name }), { abortSignal: signal }),
    );
    // Names are unique in an account whatever their paths, so that another path is another, missing, role.
    if (answer.Role?.Arn !== roleArn) return { state: "missing" };
    const trustPolicy = answer.Role.AssumeRolePolicyDocument;
    if (trustPolicy === undefined) throw new UserError(`iam:GetRole: the answer holds no trust policy`);
    return { state: "found", trustPolicy };
  } catch (error) {
    if (error instanceof Error && isNotFound(error.cause)) return { state: "missing" };
    throw error;
  }
}
