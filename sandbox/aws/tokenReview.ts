import { z } from "zod";
import type { ClusterRef } from "../../src/model/cluster.ts";
import type { Principal } from "./accounts.ts";
import { readSignature, signatureMatches, signedAt } from "./signature.ts";
import type { AccessEntry, World } from "./world.ts";

/** The part of an authentication.k8s.io/v1 TokenReview that the API server sends. */
export const tokenReviewSchema = z.object({
  kind: z.literal("TokenReview"),
  apiVersion: z.string(),
  spec: z.object({ token: z.string() }),
});

/** The `status` of a TokenReview. */
export type ReviewStatus =
  | { readonly authenticated: false; readonly error: string }
  | { readonly authenticated: true; readonly user: ReviewedUser };

/** Who the token's bearer is to the cluster. */
export interface ReviewedUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const PREFIX = "k8s-aws-v1.";
const CLUSTER_HEADER = "x-k8s-aws-id";
// Of aws-iam-authenticator, the server that EKS runs: a presigned URL counts for 15 minutes, whatever its X-Amz-Expires.
const MAX_AGE_MS = 15 * 60_000;
const PARAMETERS =
  /^(Action|Version|X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256|User-Agent))$/i;

/** Decides on a bearer token for `cluster` as the authenticator of an EKS control plane does. */
export function reviewToken(token: string, cluster: ClusterRef, world: World, now: number): ReviewStatus {
  const principal = whoSigned(token, cluster, world, now);
  if (typeof principal === "string") return { authenticated: false, error: principal };
  const arn = principal.session?.roleArn ?? principal.arn;
  const entry = world.cluster(cluster)?.accessEntries.find((candidate) => candidate.principalArn === arn);
  if (entry === undefined)
    return { authenticated: false, error: `${arn} has no access entry for cluster ${cluster.name}` };
  return { authenticated: true, user: reviewedUser(principal, arn, entry) };
}

/** The principal that signed the token, or what is wrong with the token. */
function whoSigned(token: string, cluster: ClusterRef, world: World, now: number): Principal | string {
  if (!token.startsWith(PREFIX)) return `token has no prefix ${PREFIX}`;
  const url = presignedUrl(token);
  if (url === undefined) return "token does not hold a URL";
  const parameters = [...url.searchParams.keys()];
  const stranger = parameters.find((name) => !PARAMETERS.test(name));
  if (stranger !== undefined) return `token's URL has the unexpected parameter ${stranger}`;
  if (url.pathname !== "/" || url.searchParams.get("Action") !== "GetCallerIdentity")
    return "token's URL is not GetCallerIdentity";
  const request = {
    method: "GET",
    path: "/",
    query: url.search.slice(1),
    headers: { host: url.host, [CLUSTER_HEADER]: cluster.name },
    body: "",
  };
  const signature = readSignature(request);
  if (signature === undefined || signature.service !== "sts") return "token's URL is not signed for sts";
  if (!signature.signedHeaders.includes(CLUSTER_HEADER))
    return `token's URL does not sign the header ${CLUSTER_HEADER}`;
  const age = now - signedAt(signature);
  if (!(age <= MAX_AGE_MS && age >= -MAX_AGE_MS)) return "token is older than 15 minutes";
  const principal = world.principal(signature.accessKeyId);
  if (principal === undefined || principal.sessionToken !== signature.sessionToken)
    return "token is signed with an unknown access key";
  if (principal.session !== undefined && principal.session.expiresAt <= now)
    return "token is signed with expired credentials";
  if (!signatureMatches(request, signature, principal.secretAccessKey)) {
    return `token's signature is wrong, or the token is for another cluster than ${cluster.name}`;
  }
  return principal;
}

function presignedUrl(token: string): URL | undefined {
  return URL.parse(Buffer.from(token.slice(PREFIX.length), "base64url").toString("utf8")) ?? undefined;
}

function reviewedUser(principal: Principal, arn: string, entry: AccessEntry): ReviewedUser {
  const sessionName = principal.session?.name ?? "";
  const template =
    entry.username ??
    (principal.session === undefined ? arn : `${principal.arn.replace(/[^/]*$/, "")}{{SessionName}}`);
  return {
    username: template
      .replaceAll("{{SessionName}}", sessionName)
      .replaceAll("{{AccountID}}", principal.account),
    uid: `aws-iam-authenticator:${principal.account}:${principal.userId.split(":")[0]}`,
    groups: entry.groups,
    extra: {
      arn: [principal.arn],
      canonicalArn: [arn],
      accessKeyId: [principal.accessKeyId],
      sessionName: [sessionName],
    },
  };
}
