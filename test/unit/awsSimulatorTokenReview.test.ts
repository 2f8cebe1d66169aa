import { createHash, createHmac } from "node:crypto";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, test } from "vitest";
import { type AwsSimulator, accountTrust, type Credentials } from "../../sandbox/aws/simulator.ts";
import { CLUSTER, startAws } from "./awsSimulatorFixture.ts";

/** SHA-256 in the form that the signing library wants. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret instanceof ArrayBuffer ? new Uint8Array(secret) : secret;
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", asKey(key));
  }
  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new Error("not needed");
  }
}

function asKey(key: string | ArrayBufferView): string | Uint8Array {
  return typeof key === "string" ? key : new Uint8Array(key.buffer, key.byteOffset, key.byteLength);
}

interface TokenOptions {
  readonly cluster?: string;
  readonly signingDate?: Date;
  readonly action?: string;
  readonly extra?: Record<string, string>;
}

/** A bearer token as `aws eks get-token` makes it. */
async function tokenOf(credentials: Credentials, options: TokenOptions = {}): Promise<string> {
  const { cluster = "dev", signingDate = new Date(), action = "GetCallerIdentity", extra = {} } = options;
  const signer = new SignatureV4({ credentials, region: CLUSTER.region, service: "sts", sha256: Sha256 });
  const hostname = `sts.${CLUSTER.region}.amazonaws.com`;
  const request = {
    method: "GET",
    protocol: "https:",
    hostname,
    path: "/",
    query: { Action: action, Version: "2011-06-15", ...extra },
    headers: { host: hostname, ...(cluster === "" ? {} : { "x-k8s-aws-id": cluster }) },
  };
  const { query = {} } = await signer.presign(request, { expiresIn: 60, signingDate });
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${parameters}`).toString("base64url")}`;
}

/** The status that the webhook of `CLUSTER` answers for a token. */
async function review(simulator: AwsSimulator, token: string, cluster = CLUSTER): Promise<unknown> {
  const answer = await fetch(simulator.tokenReviewUrl(cluster), {
    method: "POST",
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } }),
  });
  const body: unknown = await answer.json();
  expect(body).toMatchObject({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview" });
  return typeof body === "object" && body !== null && "status" in body ? body.status : undefined;
}

describe("a token", () => {
  test("of the cluster's creator is the administrator's", async () => {
    const { simulator, credentials } = await startAws();
    expect(await review(simulator, await tokenOf(credentials))).toMatchObject({
      authenticated: true,
      user: {
        username: `arn:aws:iam::${CLUSTER.account}:user/admin`,
        uid: expect.stringMatching(/^aws-iam-authenticator:111122223333:AIDA/),
        groups: ["system:masters"],
      },
    });
  });

  test("of a role's session has the entry's groups and its name", async () => {
    const { simulator, sts } = await startAws();
    const trustPolicy = accountTrust(CLUSTER.account);
    const { arn: RoleArn } = simulator.world.addRole({
      account: CLUSTER.account,
      name: "reader",
      path: "/team/",
      trustPolicy,
    });
    const { Credentials: keys } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "sync" }));
    const token = await tokenOf({
      accessKeyId: keys?.AccessKeyId ?? "",
      secretAccessKey: keys?.SecretAccessKey ?? "",
      sessionToken: keys?.SessionToken ?? "",
    });
    simulator.world.setCluster(CLUSTER, { accessEntries: [{ principalArn: RoleArn, groups: ["readers"] }] });
    const username = `arn:aws:sts::${CLUSTER.account}:assumed-role/reader/sync`;
    expect(await review(simulator, token)).toMatchObject({
      authenticated: true,
      user: { username, groups: ["readers"] },
    });
    const named = { principalArn: RoleArn, username: "{{AccountID}}:{{SessionName}}", groups: [] };
    simulator.world.setCluster(CLUSTER, { accessEntries: [named] });
    expect(await review(simulator, token)).toMatchObject({
      user: { username: "111122223333:sync", groups: [] },
    });
    simulator.world.expireSessions();
    expect(await review(simulator, token)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("expired"),
    });
  });

  test("is good for 15 minutes", async () => {
    const { simulator, credentials } = await startAws();
    const minutesAgo = (minutes: number) => ({ signingDate: new Date(Date.now() - minutes * 60_000) });
    expect(await review(simulator, await tokenOf(credentials, minutesAgo(14)))).toMatchObject({
      authenticated: true,
    });
    expect(await review(simulator, await tokenOf(credentials, minutesAgo(16)))).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("15 minutes"),
    });
  });

  const bad: readonly [string, TokenOptions, string][] = [
    ["for another cluster", { cluster: "prod" }, "another cluster"],
    ["for no cluster", { cluster: "" }, "x-k8s-aws-id"],
    ["for another action", { action: "GetSessionToken" }, "GetCallerIdentity"],
    ["with a parameter that does not belong", { extra: { Callback: "x" } }, "Callback"],
  ];
  test.each(bad)("%s is refused", async (_what, options, error) => {
    const { simulator, credentials } = await startAws();
    expect(await review(simulator, await tokenOf(credentials, options))).toEqual({
      authenticated: false,
      error: expect.stringContaining(error),
    });
  });

  test("signed with a wrong or unknown key is refused", async () => {
    const { simulator, credentials } = await startAws();
    const wrong = await tokenOf({ ...credentials, secretAccessKey: "wrong" });
    expect(await review(simulator, wrong)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("signature"),
    });
    const unknown = await tokenOf({ accessKeyId: "AKIANOBODY", secretAccessKey: "x" });
    expect(await review(simulator, unknown)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("unknown"),
    });
  });

  test.each(["", "eyJhbGciOi", "k8s-aws-v1.", "k8s-aws-v1.bm8gdXJs"])(
    "that is none (%j) is refused",
    async (token) => {
      const { simulator } = await startAws();
      expect(await review(simulator, token)).toMatchObject({ authenticated: false });
    },
  );

  test("without an access entry is refused", async () => {
    const { simulator, credentials } = await startAws();
    simulator.world.setCluster(CLUSTER, { accessEntries: [] });
    expect(await review(simulator, await tokenOf(credentials))).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("no access entry"),
    });
    expect(simulator.calls.all("TokenReview")).toMatchObject([
      { cluster: "dev", error: expect.stringContaining("no access entry") },
    ]);
  });

  test("is never in the call log", async () => {
    const { simulator, credentials } = await startAws();
    const token = await tokenOf(credentials);
    await review(simulator, token);
    expect(JSON.stringify(simulator.calls.all())).not.toContain(token);
  });
});

test("what is no TokenReview is answered, not authenticated", async () => {
  const { simulator } = await startAws();
  const answer = await fetch(simulator.tokenReviewUrl(CLUSTER), { method: "POST", body: "{" });
  expect(await answer.json()).toMatchObject({ status: { authenticated: false } });
});
