import { DescribeClusterCommand, ListClustersCommand } from "@aws-sdk/client-eks";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { GetResourcesCommand } from "@aws-sdk/client-resource-groups-tagging-api";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { CLUSTER, clientsOf, startAws } from "./awsSimulatorFixture.ts";

const OTHER = "444455556666";

describe("signatures", () => {
  test("of a wrong secret are refused by each service in its own way", async () => {
    const { simulator, credentials } = await startAws();
    const { eks, sts, iam, tagging } = clientsOf(simulator, { ...credentials, secretAccessKey: "wrong" });
    const message = expect.stringContaining("does not match the signature you provided");
    const json = { name: "InvalidSignatureException", message };
    const query = { name: "SignatureDoesNotMatch", message, $metadata: { httpStatusCode: 403 } };
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      ...json,
      $metadata: { httpStatusCode: 403 },
    });
    await expect(tagging.send(new GetResourcesCommand({}))).rejects.toMatchObject({
      ...json,
      $metadata: { httpStatusCode: 400 },
    });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject(query);
    await expect(iam.send(new GetRoleCommand({ RoleName: "app" }))).rejects.toMatchObject(query);
  });

  test("of an unknown key are refused", async () => {
    const { simulator } = await startAws();
    const { eks, sts } = clientsOf(simulator, { accessKeyId: "AKIANOBODY", secretAccessKey: "x" });
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "InvalidClientTokenId",
    });
  });

  test("cover the query", async () => {
    const { eks, simulator } = await startAws();
    eks.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (typeof request === "object" && request !== null && "query" in request)
          request.query = { maxResults: "1" };
        return next(args);
      },
      { step: "finalizeRequest", priority: "low", name: "tamper" },
    );
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: "InvalidSignatureException",
    });
    expect(simulator.calls.all("ListClusters")[0]).toMatchObject({
      status: 403,
      error: "InvalidSignatureException",
    });
  });

  test("are needed", async () => {
    const { simulator } = await startAws();
    const answer = await fetch(`${simulator.url}/clusters`);
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([
      403,
      "MissingAuthenticationTokenException",
    ]);
    const unknown = await fetch(`${simulator.url}/nothing`);
    expect([unknown.status, unknown.headers.get("x-amzn-errortype")]).toEqual([
      404,
      "UnknownOperationException",
    ]);
  });

  test("grow old", async () => {
    const skewMs = 6 * 60_000;
    const { eks } = await startAws({ now: () => Date.now() + skewMs });
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: "InvalidSignatureException",
      message: expect.stringContaining("Signature expired"),
    });
  });
});

describe("worlds", () => {
  test("are told apart by account and region", async () => {
    const { simulator, credentials } = await startAws();
    const place = { endpoint: "https://127.0.0.1:1", caData: "" };
    simulator.world.addCluster({ ...CLUSTER, region: "us-east-1", name: "far", ...place });
    const others = simulator.world.addAccount(OTHER);
    simulator.world.addCluster({ ...CLUSTER, account: OTHER, ...place });
    const namesSeen = async (keys: typeof credentials, region: string) =>
      (await clientsOf(simulator, keys, region).eks.send(new ListClustersCommand({}))).clusters;
    expect(await namesSeen(credentials, "eu-west-1")).toEqual(["dev"]);
    expect(await namesSeen(credentials, "us-east-1")).toEqual(["far"]);
    expect(await namesSeen(credentials, "us-west-2")).toEqual([]);
    const { cluster } = await clientsOf(simulator, others).eks.send(
      new DescribeClusterCommand({ name: "dev" }),
    );
    expect(cluster?.arn).toBe(`arn:aws:eks:eu-west-1:${OTHER}:cluster/dev`);
  });
});
