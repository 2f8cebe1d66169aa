import { z } from "zod";
import { AwsError } from "./awsError.ts";
import { type Operation, operation, text } from "./operation.ts";

/** GetRole. */
export const iamOperations: Readonly<Record<string, Operation>> = {
  GetRole: operation(
    false,
    z.object({ RoleName: text }),
    "ValidationError",
    (input, { world, principal }) => {
      const role = world.roleNamed(principal.account, input.RoleName);
      if (role === undefined) {
        throw new AwsError("NoSuchEntity", `The role with name ${input.RoleName} cannot be found.`);
      }
      return {
        Role: {
          Path: role.path,
          RoleName: role.name,
          RoleId: role.id,
          Arn: role.arn,
          CreateDate: new Date(role.createdAt).toISOString(),
          // "The policy is URL-encoded compliant with RFC 3986" (IAM API reference, Role).
          AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(role.trustPolicy)),
          MaxSessionDuration: role.maxSessionDuration,
        },
      };
    },
  ),
};
