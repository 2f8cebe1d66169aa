import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from "@aws-sdk/client-eks";
import { GetResourcesCommand } from "@aws-sdk/client-resource-groups-tagging-api";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { type AwsSimulator, startAwsSimulator } from "../../sandbox/aws/simulator.ts";
import { CLUSTER, clock, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";

const WANTED = { clusterName: "dev", namespace: "team", serviceAccount: "app", roleArn: ROLE };
const LIST = new ListPodIdentityAssociationsCommand({ clusterName: "dev" });

describe("lists that lag", () => {
  async function listed({ eks, tagging }: Awaited<ReturnType<typeof startAws>>): Promise<readonly number[]> {
    const { associations } = await eks.send(LIST);
    const { ResourceTagMappingList } = await tagging.send(new GetResourcesCommand({}));
    return [associations?.length ?? 0, ResourceTagMappingList?.length ?? 0];
  }

  test("show creates and deletes after the time set; Describe shows them at once", async () => {
    const time = clock();
    const aws = await startAws({ now: time.now, behaviour: { listLagMs: 1000 } });
    const created = await aws.eks.send(
      new CreatePodIdentityAssociationCommand({ ...WANTED, tags: { managed: "yes" } }),
    );
    const one = { clusterName: "dev", associationId: created.association?.associationId };
    await aws.eks.send(new DescribePodIdentityAssociationCommand(one));
    expect(await listed(aws)).toEqual([0, 0]);
    time.advance(999);
    expect(await listed(aws)).toEqual([0, 0]);
    time.advance(1);
    expect(await listed(aws)).toEqual([1, 1]);
    await aws.eks.send(new DeletePodIdentityAssociationCommand(one));
    expect(await listed(aws)).toEqual([1, 1]);
    time.advance(1000);
    expect(await listed(aws)).toEqual([0, 0]);
  });

  test("show new tags after the time set", async () => {
    const time = clock();
    const { eks, tagging, simulator } = await startAws({ now: time.now, behaviour: { listLagMs: 1000 } });
    seedAssociations(simulator, 1);
    time.advance(1000);
    const resourceArn = simulator.world.associations(CLUSTER)[0]?.associationArn;
    await eks.send(new TagResourceCommand({ resourceArn, tags: { managed: "yes" } }));
    expect((await eks.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({
      managed: "yes",
    });
    const found = async () =>
      (await tagging.send(new GetResourcesCommand({}))).ResourceTagMappingList?.length;
    expect(await found()).toBe(0);
    time.advance(1000);
    expect(await found()).toBe(1);
  });

  test("show changes when told, where the lag has no end", async () => {
    const aws = await startAws({ behaviour: { listLagMs: null } });
    seedAssociations(aws.simulator, 1, { managed: "yes" });
    expect(await listed(aws)).toEqual([0, 0]);
    aws.simulator.world.settle();
    expect(await listed(aws)).toEqual([1, 1]);
    await aws.eks.send(new CreatePodIdentityAssociationCommand({ ...WANTED, tags: { managed: "yes" } }));
    expect(await listed(aws)).toEqual([1, 1]);
    aws.simulator.configure({ listLagMs: 0 });
    expect(await listed(aws)).toEqual([2, 2]);
  });
});

describe("the call log", () => {
  test("holds who called what, where and with which answer, and counts what changes something", async () => {
    const { eks, sts, simulator } = await startAws();
    await sts.send(new GetCallerIdentityCommand({}));
    await eks.send(new CreatePodIdentityAssociationCommand({ ...WANTED, clientRequestToken: "t" }));
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toThrow();
    const principal = `arn:aws:iam::${CLUSTER.account}:user/admin`;
    const place = { account: CLUSTER.account, region: CLUSTER.region, principal };
    expect(simulator.calls.all()).toMatchObject([
      { ...place, service: "sts", action: "GetCallerIdentity", mutating: false, status: 200 },
      {
        ...place,
        service: "eks",
        action: "CreatePodIdentityAssociation",
        cluster: "dev",
        mutating: true,
        params: { ...WANTED, clientRequestToken: "t" },
        status: 200,
      },
      { action: "CreatePodIdentityAssociation", status: 409, error: "ResourceInUseException" },
    ]);
    expect(simulator.calls.mutating).toBe(2);
    simulator.calls.clear();
    expect([simulator.calls.all(), simulator.calls.mutating]).toEqual([[], 0]);
  });
});

describe("other programs", () => {
  async function ask(
    simulator: AwsSimulator,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<[number, unknown]> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const answer = await fetch(`${simulator.url}/_sandbox/${path}`, init);
    const content = await answer.text();
    return [answer.status, content === "" ? undefined : JSON.parse(content)];
  }

  test("set behaviour and faults and read the calls over HTTP", async () => {
    const { eks, simulator } = await startAws();
    const [, behaviour] = await ask(simulator, "PATCH", "behaviour", { associationsPerCluster: 0 });
    expect(behaviour).toMatchObject({ associationsPerCluster: 0, listLagMs: 0 });
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toMatchObject({
      name: "ResourceLimitExceededException",
    });
    await ask(simulator, "POST", "faults", {
      action: "ListClusters",
      effect: { kind: "error", code: "ServerException" },
    });
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({ name: "ServerException" });
    expect(await ask(simulator, "GET", "calls?action=ListClusters")).toMatchObject([
      200,
      { mutating: 1, calls: [{ action: "ListClusters", status: 500 }] },
    ]);
    expect(await ask(simulator, "DELETE", "calls")).toEqual([204, undefined]);
    expect(await ask(simulator, "GET", "calls")).toEqual([200, { mutating: 0, calls: [] }]);
  });

  test("read clusters and associations over HTTP", async () => {
    const { simulator } = await startAws();
    seedAssociations(simulator, 2);
    expect(await ask(simulator, "GET", "clusters")).toMatchObject([200, [CLUSTER]]);
    const [, associations] = await ask(
      simulator,
      "GET",
      `associations?account=${CLUSTER.account}&region=${CLUSTER.region}&cluster=dev`,
    );
    expect(associations).toEqual(simulator.world.associations(CLUSTER));
  });

  test.each([
    ["PATCH", "behaviour", { listLag: 1 }, 400, "listLag"],
    ["POST", "faults", { action: "x", effect: { kind: "explode" } }, 400, "kind"],
    ["GET", "associations", undefined, 400, "account"],
    ["GET", "nothing", undefined, 404, "GET calls"],
  ])("are told what is wrong with %s %s", async (method, path, body, status, word) => {
    const { simulator } = await startAws();
    const [code, answer] = await ask(simulator, method, path, body);
    expect(code).toBe(status);
    expect(answer).toMatchObject({ error: expect.stringContaining(word) });
  });
});

test("several simulators run side by side, and close with calls still hanging", async () => {
  const first = await startAws();
  const second = await startAwsSimulator();
  expect(second.url).not.toBe(first.simulator.url);
  await second.close();
  first.simulator.faults.inject({ action: "ListClusters", effect: { kind: "hang" } });
  const ended = expect(first.eks.send(new ListClustersCommand({}))).rejects.toThrow();
  await first.simulator.calls.waitFor((call) => call.action === "ListClusters");
  await first.simulator.close();
  await ended;
});

test("thousands of associations are made and listed page by page in the order they were made", async () => {
  const { eks, simulator } = await startAws();
  seedAssociations(simulator, 5000);
  const names: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page = await eks.send(new ListPodIdentityAssociationsCommand({ clusterName: "dev", nextToken }));
    names.push(...(page.associations ?? []).map((summary) => summary.serviceAccount));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  expect(names).toEqual(
    simulator.world.associations(CLUSTER).map((association) => association.serviceAccount),
  );
  expect(names).toHaveLength(5000);
  await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toMatchObject({
    name: "ResourceLimitExceededException",
  });
});
