import { z } from "zod";

const oneOrMany = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const statementSchema = z.object({
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.union([z.literal("*"), z.record(z.string(), oneOrMany)]).default({}),
  Action: oneOrMany.default([]),
  Condition: z.record(z.string(), z.record(z.string(), oneOrMany)).default({}),
});
type Statement = z.infer<typeof statementSchema>;

const policySchema = z.object({
  Statement: z
    .union([statementSchema, z.array(statementSchema)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

/** Who wants to assume a role: a service, or a principal of an account. */
export type Assumer = { readonly service: string } | { readonly arn: string; readonly account: string };

/** A trust policy that lets EKS Pod Identity use the role ("Create IAM role with trust policy required by EKS Pod Identity"). */
export const POD_IDENTITY_TRUST = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
    },
  ],
};

/** A trust policy that lets Pod Identity and every principal use the role. */
export const OPEN_TRUST = {
  Version: "2012-10-17",
  Statement: [
    ...POD_IDENTITY_TRUST.Statement,
    { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
  ],
};

/** A trust policy that lets the principals of `accounts` assume the role. */
export function accountTrust(...accounts: readonly string[]): object {
  const roots = accounts.map((account) => `arn:aws:iam::${account}:root`);
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: roots }, Action: "sts:AssumeRole" }],
  };
}

/**
 * Whether a role's trust policy lets `assumer` do `action`. Knows principals,
 * actions and the condition `StringEquals` on `sts:ExternalId`; a statement
 * with any other condition grants nothing.
 */
export function trusts(trustPolicy: object, assumer: Assumer, action: string, externalId?: string): boolean {
  const parsed = policySchema.safeParse(trustPolicy);
  if (!parsed.success) return false;
  const hits = parsed.data.Statement.filter(
    (statement) =>
      statement.Action.some((pattern) => actionMatches(pattern, action)) &&
      isAmong(statement.Principal, assumer) &&
      conditionsHold(statement.Condition, externalId),
  );
  return hits.length > 0 && hits.every((statement) => statement.Effect === "Allow");
}

function actionMatches(pattern: string, action: string): boolean {
  return pattern === "*" || pattern === "sts:*" || pattern.toLowerCase() === action.toLowerCase();
}

function isAmong(principal: Statement["Principal"], assumer: Assumer): boolean {
  if (principal === "*") return true;
  if ("service" in assumer) return (principal.Service ?? []).includes(assumer.service);
  const accepted = ["*", assumer.arn, assumer.account, `arn:aws:iam::${assumer.account}:root`];
  return (principal.AWS ?? []).some((name) => accepted.includes(name));
}

function conditionsHold(conditions: Statement["Condition"], externalId: string | undefined): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(
      ([key, values]) =>
        operator === "StringEquals" &&
        key === "sts:ExternalId" &&
        externalId !== undefined &&
        values.includes(externalId),
    ),
  );
}
