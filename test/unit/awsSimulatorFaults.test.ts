import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribeClusterCommand,
  EKSClient,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import { GetResourcesCommand } from "@aws-sdk/client-resource-groups-tagging-api";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { CLUSTER, clock, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";

const WANTED = { clusterName: "dev", namespace: "team", serviceAccount: "app", roleArn: ROLE };
const LIST = new ListPodIdentityAssociationsCommand({ clusterName: "dev" });

describe("faults", () => {
  test("fail the next calls of an action, and then no more", async () => {
    const { eks, simulator } = await startAws();
    simulator.faults.inject({
      action: "ListClusters",
      times: 2,
      effect: { kind: "error", code: "ServerException" },
    });
    const failure = { name: "ServerException", $metadata: { httpStatusCode: 500 } };
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject(failure);
    await eks.send(new DescribeClusterCommand({ name: "dev" }));
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject(failure);
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(["dev"]);
    expect(simulator.faults.pending).toEqual([]);
  });

  test("hit one cluster, region or account only", async () => {
    const { eks, simulator } = await startAws();
    const effect = { kind: "error", code: "AccessDeniedException" } as const;
    simulator.faults.inject({ action: "*", cluster: "other", times: "always", effect });
    simulator.faults.inject({ action: "*", region: "us-east-1", times: "always", effect });
    simulator.faults.inject({ action: "*", account: "444455556666", times: "always", effect });
    await eks.send(new DescribeClusterCommand({ name: "dev" }));
    await expect(eks.send(new DescribeClusterCommand({ name: "other" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });

  test("can lose the answer of a call that took effect", async () => {
    const { eks, simulator } = await startAws();
    simulator.faults.inject({
      action: "CreatePodIdentityAssociation",
      effect: { kind: "drop", applied: true },
    });
    await expect(eks.send(new CreatePodIdentityAssociationCommand(WANTED))).rejects.toThrow();
    expect(simulator.world.associations(CLUSTER)).toHaveLength(1);
    simulator.faults.inject({ action: "DeletePodIdentityAssociation", effect: { kind: "drop" } });
    const [{ associationId } = { associationId: "" }] = simulator.world.associations(CLUSTER);
    const remove = new DeletePodIdentityAssociationCommand({ clusterName: "dev", associationId });
    await expect(eks.send(remove)).rejects.toThrow();
    expect(simulator.world.associations(CLUSTER)).toHaveLength(1);
  });

  test("are healed by the SDK's own retries, which repeat a create with its token", async () => {
    const { credentials, simulator } = await startAws();
    simulator.faults.inject({
      action: "CreatePodIdentityAssociation",
      effect: { kind: "drop", applied: true },
    });
    const eks = new EKSClient({ endpoint: simulator.url, region: CLUSTER.region, credentials });
    const { association } = await eks.send(new CreatePodIdentityAssociationCommand(WANTED));
    expect(simulator.world.associations(CLUSTER)).toMatchObject([
      { associationId: association?.associationId },
    ]);
    expect(simulator.calls.all("CreatePodIdentityAssociation").map((call) => call.status)).toEqual([0, 200]);
  });

  test("hang a call until it is released", async () => {
    const { eks, simulator } = await startAws();
    simulator.faults.inject({ action: "ListPodIdentityAssociations", effect: { kind: "hang" } });
    const ended = expect(eks.send(LIST)).rejects.toThrow();
    const arrived = await simulator.calls.waitFor((call) => call.action === "ListPodIdentityAssociations");
    expect(arrived.status).toBeUndefined();
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(["dev"]);
    simulator.faults.release();
    await ended;
  });

  test("cut a listing short without a sign of it", async () => {
    const { eks, tagging, simulator } = await startAws();
    seedAssociations(simulator, 150, { managed: "yes" });
    simulator.faults.inject({ action: "*", times: 3, effect: { kind: "cut", items: 7 } });
    const page = await eks.send(LIST);
    expect([page.associations?.length, page.nextToken]).toEqual([7, undefined]);
    const resources = await tagging.send(new GetResourcesCommand({}));
    expect([resources.ResourceTagMappingList?.length, resources.PaginationToken]).toEqual([7, undefined]);
    simulator.faults.clear();
    expect((await eks.send(LIST)).associations).toHaveLength(100);
  });
});

describe("throttling", () => {
  test("lets the burst through, then what the rate allows, in each service's words", async () => {
    const time = clock();
    const limits = { "*": { perSecond: 2, burst: 3 }, GetCallerIdentity: { perSecond: 1, burst: 1 } };
    const { eks, sts, tagging } = await startAws({ now: time.now, behaviour: { limits } });
    const list = () => eks.send(new ListClustersCommand({}));
    const throttled = { name: "ThrottlingException", $metadata: { httpStatusCode: 429 } };
    for (let call = 0; call < 3; call++) await list();
    await expect(list()).rejects.toMatchObject(throttled);
    time.advance(500);
    await list();
    await expect(list()).rejects.toMatchObject(throttled);
    await eks.send(new DescribeClusterCommand({ name: "dev" })); // a bucket of its own
    await sts.send(new GetCallerIdentityCommand({}));
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "Throttling" });
    for (let call = 0; call < 3; call++) await tagging.send(new GetResourcesCommand({}));
    await expect(tagging.send(new GetResourcesCommand({}))).rejects.toMatchObject({
      name: "ThrottledException",
    });
  });
});

describe("a delay", () => {
  test("keeps an answer back", async () => {
    const { eks, simulator } = await startAws({ behaviour: { delaysMs: { ListClusters: 30 } } });
    await eks.send(new ListClustersCommand({}));
    // One millisecond less: a timer may fire early by the fraction that Date.now() does not show.
    expect(simulator.calls.all("ListClusters")[0]?.durationMs).toBeGreaterThanOrEqual(29);
  });

  test("of one action does not hold up another, nor the simulator's end", async () => {
    const { eks, simulator } = await startAws({
      behaviour: { delaysMs: { "*": 3_600_000, DescribeCluster: 0 } },
    });
    const ended = expect(eks.send(new ListClustersCommand({}))).rejects.toThrow();
    const slow = await simulator.calls.waitFor((call) => call.action === "ListClusters");
    expect((await eks.send(new DescribeClusterCommand({ name: "dev" }))).cluster?.name).toBe("dev");
    expect(slow.status).toBeUndefined();
    await simulator.close();
    await ended;
  });
});
