import type { ClusterRef } from "../../src/model/cluster.ts";
import type { GatewayParts } from "./gateway.ts";
import type { HttpAnswer } from "./protocol.ts";
import type { SignedRequest } from "./signature.ts";
import { type ReviewStatus, reviewToken, tokenReviewSchema } from "./tokenReview.ts";

const WEBHOOK_PATH = "/token-review/";

/** Path of the token webhook of a cluster, for `--authentication-token-webhook-config-file` of kube-apiserver. */
export function tokenReviewPath({ account, region, name }: ClusterRef): string {
  return `${WEBHOOK_PATH}${account}/${region}/${encodeURIComponent(name)}`;
}

/** Answers an API server's question whose token it was shown; undefined where the request is none for the webhook. */
export function answerTokenReview(
  request: SignedRequest,
  { world, calls, now }: Pick<GatewayParts, "world" | "calls" | "now">,
): HttpAnswer | undefined {
  if (!request.path.startsWith(WEBHOOK_PATH)) return undefined;
  const [account = "", region = "", name = ""] = request.path
    .slice(WEBHOOK_PATH.length)
    .split("/")
    .map(decodeURIComponent);
  const time = now();
  const end = calls.begin({
    service: "webhook",
    action: "TokenReview",
    mutating: false,
    account,
    region,
    cluster: name,
    params: {},
    time,
  });
  const status = review(request.body, { account, region, name }, world, time);
  end({ status: 200, durationMs: now() - time, ...(status.authenticated ? {} : { error: status.error }) });
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function review(body: string, cluster: ClusterRef, world: GatewayParts["world"], now: number): ReviewStatus {
  const request = parse(body);
  if (request === undefined) return { authenticated: false, error: "the request is not a TokenReview" };
  return reviewToken(request.spec.token, cluster, world, now);
}

function parse(body: string): { spec: { token: string } } | undefined {
  try {
    return tokenReviewSchema.parse(JSON.parse(body));
  } catch {
    return undefined; // no JSON, or no TokenReview
  }
}
