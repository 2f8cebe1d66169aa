import { RE2JS } from "re2js";
import { z } from "zod";
import type { ClusterRef } from "../model/cluster.ts";
import type { RoleTrust } from "./types.ts";

// Who assumes the role for the pods, and what it has to be let do ("Create IAM role with trust policy required by EKS
// Pod Identity", EKS User Guide). TagSession is needed also where an association disables the session tags.
const SERVICE = "pods.eks.amazonaws.com";
const ACTIONS = ["sts:AssumeRole", "sts:TagSession"] as const;

const oneOrMany = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

// A condition's values may be numbers and booleans, too ("IAM JSON policy elements: Condition", IAM User Guide).
const conditionValues = z
  .union([z.unknown().array(), z.unknown()])
  .transform((value) => (Array.isArray(value) ? value : [value]).map(String));

const statementSchema = z.object({
  Effect: z.enum(["Allow", "Deny"]),
  Principal: z.union([z.literal("*"), z.record(z.string(), oneOrMany)]).optional(),
  NotPrincipal: z.unknown().optional(),
  Action: oneOrMany.optional(),
  NotAction: oneOrMany.optional(),
  Condition: z.record(z.string(), z.record(z.string(), conditionValues)).default({}),
});
type Statement = z.infer<typeof statementSchema>;

const policySchema = z.object({
  Statement: z
    .union([statementSchema, z.array(statementSchema)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

/**
 * Whether a role's trust policy lets Pod Identity use the role for pods of
 * `cluster`. What can't be decided here counts as admitting: a statement is
 * left out only where a condition names other clusters or accounts for sure,
 * and denies only where it does so without a condition. Conditions on what
 * differs between the ServiceAccounts of a cluster are not looked at.
 * @param document as IAM returns it, URL-encoded (IAM API Reference, Role), or plain JSON
 */
export function trustOf(document: string, cluster: ClusterRef): RoleTrust {
  const statements = parseStatements(document);
  if (statements === undefined) return { state: "unknown", problem: "its trust policy can't be read" };
  const denied = ACTIONS.filter((action) => statements.some((statement) => denies(statement, action)));
  if (denied.length > 0) {
    return { state: "untrusted", problem: `its trust policy denies ${SERVICE} ${denied.join(" and ")}` };
  }
  const missing = ACTIONS.filter(
    (action) => !statements.some((statement) => mayAllow(statement, action, cluster)),
  );
  if (missing.length === 0) return { state: "trusted" };
  return {
    state: "untrusted",
    problem: `its trust policy does not let ${SERVICE} do ${missing.join(" and ")}`,
  };
}

function parseStatements(document: string): readonly Statement[] | undefined {
  try {
    const text = document.trimStart().startsWith("{") ? document : decodeURIComponent(document);
    return policySchema.parse(JSON.parse(text)).Statement;
  } catch {
    return undefined;
  }
}

function denies(statement: Statement, action: string): boolean {
  const { Effect, Principal, Condition } = statement;
  const named = Principal === "*" || Principal?.Service?.includes(SERVICE) === true;
  return Effect === "Deny" && named && coversAction(statement, action) && Object.keys(Condition).length === 0;
}

function mayAllow(statement: Statement, action: string, cluster: ClusterRef): boolean {
  const { Effect, Condition } = statement;
  return (
    Effect === "Allow" &&
    mayNameService(statement) &&
    coversAction(statement, action) &&
    mayHold(Condition, cluster)
  );
}

function mayNameService({ Principal, NotPrincipal }: Statement): boolean {
  if (Principal === undefined) return NotPrincipal !== undefined;
  if (Principal === "*") return true;
  // "*" among AWS principals means everyone ("AWS JSON policy elements: Principal", IAM User Guide).
  return Principal.Service?.includes(SERVICE) === true || Principal.AWS?.includes("*") === true;
}

function coversAction({ Action, NotAction }: Statement, action: string): boolean {
  const matches = (pattern: string): boolean => like(pattern.toLowerCase(), action.toLowerCase());
  return Action === undefined ? NotAction?.some(matches) === false : Action.some(matches);
}

// In these operators a key that the request lacks is a condition that does not hold.
const operators: ReadonlyMap<string, (pattern: string, value: string) => boolean> = new Map([
  ["stringequals", (pattern, value) => pattern === value],
  ["stringlike", like],
  ["arnequals", like],
  ["arnlike", like],
]);

/** False only where a condition on the cluster or its account names others. */
function mayHold(conditions: Statement["Condition"], cluster: ClusterRef): boolean {
  const known = requestOf(cluster);
  return Object.entries(conditions).every(([operator, keys]) => {
    const holds = operators.get(operator.toLowerCase());
    return Object.entries(keys).every(([key, patterns]) => {
      const value = known.get(key.toLowerCase());
      if (holds === undefined || value === undefined) return true;
      // A policy variable is filled in by AWS.
      return patterns.some((pattern) => pattern.includes("${") || holds(pattern, value));
    });
  });
}

/** What every request for a pod of the cluster carries ("Grant Pods access to AWS resources based on tags", EKS User Guide). */
function requestOf({ name, region, account }: ClusterRef): ReadonlyMap<string, string> {
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return new Map([
    ["aws:sourceaccount", account],
    ["aws:requesttag/eks-cluster-name", name],
    ["aws:requesttag/eks-cluster-arn", `arn:${partition}:eks:${region}:${account}:cluster/${name}`],
  ]);
}

/** IAM's wildcards: `*` any text, `?` one character. RE2, as whoever writes the policy chooses the pattern. */
function like(pattern: string, value: string): boolean {
  const expression = RE2JS.quote(pattern).replaceAll("\\*", ".*").replaceAll("\\?", ".");
  return RE2JS.matches(expression, value);
}
