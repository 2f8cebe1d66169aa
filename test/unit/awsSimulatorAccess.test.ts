import { EKSClient, ListClustersCommand } from "@aws-sdk/client-eks";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { GetResourcesCommand } from "@aws-sdk/client-resource-groups-tagging-api";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { describe, expect, test } from "vitest";
import { accountTrust, POD_IDENTITY_TRUST } from "../../sandbox/aws/simulator.ts";
import { trusts } from "../../sandbox/aws/trustPolicy.ts";
import { CLUSTER, clientsOf, ROLE, startAws } from "./awsSimulatorFixture.ts";

const OTHER = "444455556666";

describe("STS", () => {
  test("says who calls", async () => {
    const { sts } = await startAws();
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({
      Account: CLUSTER.account,
      Arn: `arn:aws:iam::${CLUSTER.account}:user/admin`,
    });
    expect(identity.UserId).toMatch(/^AIDA/);
  });

  test("gives the session of another account's role", async () => {
    const { simulator, credentials } = await startAws();
    simulator.world.addAccount(OTHER);
    const trustPolicy = accountTrust(CLUSTER.account);
    const role = simulator.world.addRole({ account: OTHER, name: "reader", trustPolicy });
    simulator.world.addCluster({
      ...CLUSTER,
      account: OTHER,
      name: "theirs",
      endpoint: "https://127.0.0.1:1",
      caData: "",
    });
    const provider = fromTemporaryCredentials({
      masterCredentials: credentials,
      params: { RoleArn: role.arn, RoleSessionName: "sync" },
      clientConfig: { endpoint: simulator.url, region: CLUSTER.region },
    });
    const config = { endpoint: simulator.url, region: CLUSTER.region, credentials: provider, maxAttempts: 1 };
    const sts = new STSClient(config);
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(
      `arn:aws:sts::${OTHER}:assumed-role/reader/sync`,
    );
    const eks = new EKSClient(config);
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(["theirs"]);
    simulator.world.expireSessions();
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: "ExpiredTokenException",
    });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: expect.stringMatching(/^ExpiredToken/),
    });
  });

  test("refuses temporary keys without their session token", async () => {
    const { simulator, sts } = await startAws();
    simulator.world.addRole({
      account: CLUSTER.account,
      name: "open",
      trustPolicy: accountTrust(CLUSTER.account),
    });
    const RoleArn = `arn:aws:iam::${CLUSTER.account}:role/open`;
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "sync", DurationSeconds: 900 }),
    );
    expect(keys?.Expiration?.getTime()).toBeGreaterThan(Date.now());
    const bare = { accessKeyId: keys?.AccessKeyId ?? "", secretAccessKey: keys?.SecretAccessKey ?? "" };
    const refused = clientsOf(simulator, bare).eks.send(new ListClustersCommand({}));
    await expect(refused).rejects.toMatchObject({ name: "UnrecognizedClientException" });
  });

  test.each([
    ["a role that is not there", { RoleArn: `arn:aws:iam::${OTHER}:role/none` }, "AccessDenied"],
    ["a role that does not trust the caller", { RoleArn: ROLE }, "AccessDenied"],
    ["too long a session", { DurationSeconds: 7200 }, "ValidationError"],
    ["a bad session name", { RoleSessionName: "a b" }, "ValidationError"],
  ])("refuses %s", async (_what, input, name) => {
    const { simulator, sts } = await startAws();
    const role = simulator.world.addRole({
      account: OTHER,
      name: "reader",
      trustPolicy: accountTrust(CLUSTER.account),
    });
    const command = new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: "sync", ...input });
    await expect(sts.send(command)).rejects.toMatchObject({ name });
  });

  test("lets anybody into a permissive account", async () => {
    const { simulator, sts } = await startAws();
    simulator.world.addAccount(OTHER, { permissive: true });
    const RoleArn = `arn:aws:iam::${OTHER}:role/any/thing`;
    const { AssumedRoleUser } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "sync" }));
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${OTHER}:assumed-role/thing/sync`);
  });
});

describe("IAM", () => {
  test("returns a role with its trust policy URL-encoded", async () => {
    const { iam } = await startAws();
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: "app" }));
    expect(Role).toMatchObject({ Arn: ROLE, RoleName: "app", Path: "/", MaxSessionDuration: 3600 });
    expect(Role?.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22/);
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""))).toEqual(POD_IDENTITY_TRUST);
  });

  test("answers NoSuchEntity for a role that is not there", async () => {
    const { iam } = await startAws();
    await expect(iam.send(new GetRoleCommand({ RoleName: "none<&amp;>" }))).rejects.toMatchObject({
      name: "NoSuchEntityException",
      message: expect.stringContaining("none<&amp;>"),
      $metadata: { httpStatusCode: 404 },
    });
  });
});

describe("a denial", () => {
  test("holds for a user, or for the sessions of a role, and for the action named", async () => {
    const { simulator, eks, sts, tagging } = await startAws();
    const principal = `arn:aws:iam::${CLUSTER.account}:user/admin`;
    simulator.configure({
      denials: [
        { principal, action: "GetResources" },
        { principal: ROLE, action: "*" },
      ],
    });
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(["dev"]);
    await expect(tagging.send(new GetResourcesCommand({}))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: `User: ${principal} is not authorized to perform: tag:GetResources with an explicit deny`,
    });
    simulator.world.addRole({
      account: CLUSTER.account,
      name: "app",
      trustPolicy: accountTrust(CLUSTER.account),
    });
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "sync" }),
    );
    const session = clientsOf(simulator, {
      accessKeyId: keys?.AccessKeyId ?? "",
      secretAccessKey: keys?.SecretAccessKey ?? "",
      sessionToken: keys?.SessionToken ?? "",
    });
    await expect(session.eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    await expect(session.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "AccessDenied",
    });
  });
});

describe("a trust policy", () => {
  const user = { arn: `arn:aws:iam::${OTHER}:user/ann`, account: OTHER };
  const statement = { Effect: "Allow", Principal: { AWS: OTHER }, Action: "sts:AssumeRole" };
  const withId = { ...statement, Condition: { StringEquals: { "sts:ExternalId": "id-1" } } };
  const unknownCondition = { ...statement, Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } };
  test.each([
    ["the account", [statement], undefined, true],
    [
      "the account's root",
      [{ ...statement, Principal: { AWS: [`arn:aws:iam::${OTHER}:root`] } }],
      undefined,
      true,
    ],
    ["the principal itself", [{ ...statement, Principal: { AWS: user.arn } }], undefined, true],
    ["everybody", [{ ...statement, Principal: "*" }], undefined, true],
    ["another account", [{ ...statement, Principal: { AWS: CLUSTER.account } }], undefined, false],
    ["another action", [{ ...statement, Action: "sts:TagSession" }], undefined, false],
    ["all of sts", [{ ...statement, Action: ["sts:*"] }], undefined, true],
    ["a service only", POD_IDENTITY_TRUST.Statement, undefined, false],
    ["the external id given", [withId], "id-1", true],
    ["another external id", [withId], "id-2", false],
    ["an external id where none is given", [withId], undefined, false],
    ["a condition it does not know", [unknownCondition], undefined, false],
    ["allow and deny", [statement, { ...statement, Effect: "Deny" }], undefined, false],
    ["nobody", [], undefined, false],
  ])("with %s", (_what, Statement, externalId, expected) => {
    expect(trusts({ Statement }, user, "sts:AssumeRole", externalId)).toBe(expected);
  });
});
