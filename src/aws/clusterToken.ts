import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { calling } from "./errors.ts";

/** A bearer token for a cluster's API server. */
export interface ClusterToken {
  readonly token: string;
  readonly expires: Date;
}

// EKS accepts a token for 15 minutes from its signature, whatever the URL's own expiry says; a minute is kept
// back for the way to the server and for clocks that differ (aws-iam-authenticator does the same).
const lifetimeMs = 14 * 60_000;
const urlExpiresIn = 60;

interface UnsignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}

/**
 * A token as `aws eks get-token` makes it: `k8s-aws-v1.` and the base64url of
 * a presigned STS GetCallerIdentity URL with the signed header `x-k8s-aws-id`.
 * No call is made but what the credentials need.
 */
export async function clusterToken(sts: STSClient, clusterName: string, now: Date): Promise<ClusterToken> {
  return calling("sts:GetCallerIdentity (presigned)", async () => {
    const region = await sts.config.region();
    const endpoint = await stsEndpoint(sts);
    const host = endpoint.port === undefined ? endpoint.hostname : `${endpoint.hostname}:${endpoint.port}`;
    const signer = new SignatureV4({
      service: "sts",
      region,
      credentials: sts.config.credentials,
      sha256: sts.config.sha256,
    });
    const signed = await signer.presign(
      {
        method: "GET",
        protocol: endpoint.protocol,
        hostname: endpoint.hostname,
        ...(endpoint.port === undefined ? {} : { port: endpoint.port }),
        path: "/",
        query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
        headers: { host, "x-k8s-aws-id": clusterName },
      },
      { expiresIn: urlExpiresIn, signingDate: now },
    );
    const query = new URLSearchParams(
      Object.entries(signed.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const url = `${endpoint.protocol}//${host}/?${query}`;
    return {
      token: `k8s-aws-v1.${Buffer.from(url).toString("base64url")}`,
      expires: new Date(now.getTime() + lifetimeMs),
    };
  });
}

/** Where this client would send its requests, by the SDK's own rules (region, AWS_ENDPOINT_URL, profile). */
async function stsEndpoint(sts: STSClient): Promise<UnsignedRequest> {
  let endpoint: UnsignedRequest | undefined;
  const command = new GetCallerIdentityCommand({});
  command.middlewareStack.add(
    () => async (args) => {
      endpoint = args.request as UnsignedRequest;
      return { output: { $metadata: {} }, response: {} };
    },
    { step: "build", priority: "low", name: "captureEndpoint" },
  );
  await sts.send(command);
  if (endpoint === undefined) throw new Error("the SDK built no request");
  return endpoint;
}
