import { STSClient, type STSClientConfig } from "@aws-sdk/client-sts";
import { expect, onTestFinished, test } from "vitest";
import type { AwsSimulator } from "../../sandbox/aws/simulator.ts";
import { clusterToken } from "../../src/aws/clusterToken.ts";
import { UserError } from "../../src/model/userError.ts";
import { CLUSTER, clock, startAws } from "./awsSimulatorFixture.ts";

const keys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" };
const now = new Date("2026-11-03T10:20:30Z");

function client(settings: STSClientConfig): STSClient {
  const sts = new STSClient(settings);
  onTestFinished(() => sts.destroy());
  return sts;
}

/** The URL inside a token. */
function urlOf(token: string): URL {
  const [prefix, encoded = ""] = token.split(/\.(.*)/s);
  expect(prefix).toBe("k8s-aws-v1");
  expect(encoded).toMatch(/^[\w-]+$/);
  return new URL(Buffer.from(encoded, "base64url").toString("utf8"));
}

/** What the API server of a cluster gets to know of a bearer token. */
async function authenticated(simulator: AwsSimulator, token: string, name = CLUSTER.name): Promise<unknown> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
  const url = simulator.tokenReviewUrl({ ...CLUSTER, name });
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(review) });
  const body: unknown = await answer.json();
  return typeof body === "object" && body !== null && "status" in body ? body.status : undefined;
}

test("a token is a GetCallerIdentity URL, presigned for a minute, with the cluster's name signed in", async () => {
  const sts = client({ region: "eu-west-1", credentials: keys });
  const { token, expires } = await clusterToken(sts, "dev", now);
  const url = urlOf(token);
  expect(url.origin + url.pathname).toBe("https://sts.eu-west-1.amazonaws.com/");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIAEXAMPLE/20261103/eu-west-1/sts/aws4_request",
    "X-Amz-Date": "20261103T102030Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  // EKS takes it for 15 minutes.
  expect(expires).toEqual(new Date("2026-11-03T10:34:30Z"));
});

test("another cluster's token has another signature, and a session's token goes along", async () => {
  const sts = client({ region: "eu-west-1", credentials: { ...keys, sessionToken: "se+ss/ion=" } });
  const signatureFor = async (cluster: string) =>
    urlOf((await clusterToken(sts, cluster, now)).token).searchParams;
  const [dev, prod] = [await signatureFor("dev"), await signatureFor("prod")];
  expect(dev.get("X-Amz-Signature")).not.toBe(prod.get("X-Amz-Signature"));
  expect(dev.get("X-Amz-Security-Token")).toBe("se+ss/ion=");
});

test.each([
  { region: "cn-north-1", host: "sts.cn-north-1.amazonaws.com.cn" },
  { region: "us-gov-west-1", host: "sts.us-gov-west-1.amazonaws.com" },
])("the endpoint is the SDK's for $region", async ({ region, host }) => {
  const { token } = await clusterToken(client({ region, credentials: keys }), "dev", now);
  expect(urlOf(token).host).toBe(host);
});

test("an API server admits the token for its own cluster, and for no longer than it may", async () => {
  const time = clock();
  const { simulator, sts } = await startAws({ now: time.now });
  simulator.world.addCluster({ ...CLUSTER, name: "prod", endpoint: "https://127.0.0.1:6443", caData: "" });
  const { token, expires } = await clusterToken(sts, CLUSTER.name, new Date(time.now()));
  // Nothing is called: the server does that.
  expect(simulator.calls.all()).toEqual([]);
  expect(await authenticated(simulator, token)).toMatchObject({ authenticated: true });
  expect(await authenticated(simulator, token, "prod")).toMatchObject({ authenticated: false });
  time.advance(expires.getTime() - time.now() - 1);
  expect(await authenticated(simulator, token)).toMatchObject({ authenticated: true });
  time.advance(2 * 60_000);
  expect(await authenticated(simulator, token)).toMatchObject({ authenticated: false });
});

test("without credentials the error says so, and what to do", async () => {
  const refusal = Object.assign(new Error("Could not load credentials from any providers"), {
    name: "CredentialsProviderError",
  });
  const sts = client({ region: "eu-west-1", credentials: () => Promise.reject(refusal) });
  const error = await clusterToken(sts, "dev", now).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(
    /^UserError: sts:GetCallerIdentity \(presigned\): .*Could not load credentials.*; configure AWS credentials/,
  );
});
