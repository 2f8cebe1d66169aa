import { z } from "zod";
import { AwsError, commonError } from "./awsError.ts";
import { type CallContext, type Operation, operation, text } from "./operation.ts";
import { trusts } from "./trustPolicy.ts";

const assumeRoleInput = z.object({
  RoleArn: text,
  RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/, "must be 2 to 64 letters, digits or _+=,.@-"),
  DurationSeconds: z.coerce.number().int().min(900).max(43_200).default(3600),
  ExternalId: z.string().optional(),
});

/** GetCallerIdentity and AssumeRole. */
export const stsOperations: Readonly<Record<string, Operation>> = {
  GetCallerIdentity: operation(false, z.object({}), "ValidationError", (_input, { principal }) => ({
    Arn: principal.arn,
    UserId: principal.userId,
    Account: principal.account,
  })),
  AssumeRole: operation(false, assumeRoleInput, "ValidationError", assumeRole),
};

function assumeRole(input: z.output<typeof assumeRoleInput>, { world, principal, now }: CallContext): object {
  const role = world.role(input.RoleArn);
  const arn = principal.session?.roleArn ?? principal.arn;
  const assumer = { arn, account: principal.account };
  if (role === undefined || !trusts(role.trustPolicy, assumer, "sts:AssumeRole", input.ExternalId)) {
    // STS says the same whether the role is missing or does not trust the caller.
    throw commonError(
      "denied",
      "sts",
      `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
    );
  }
  // "Role chaining limits your ... session to a maximum of one hour" (IAM User Guide, "Roles terms and concepts").
  const longest = principal.session === undefined ? role.maxSessionDuration : 3600;
  if (input.DurationSeconds > longest) {
    throw new AwsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  const expiresAt = now + input.DurationSeconds * 1000;
  const session = world.startSession(role, input.RoleSessionName, expiresAt);
  return {
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    },
  };
}
