import {
  DescribeClusterCommand,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
  ListTagsForResourceCommand,
  paginateListPodIdentityAssociations,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-eks";
import { describe, expect, test } from "vitest";
import { CLUSTER, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";

describe("clusters", () => {
  test("are listed by name in pages of 100", async () => {
    const { simulator, eks } = await startAws();
    for (let index = 0; index < 120; index++) {
      simulator.world.addCluster({
        ...CLUSTER,
        name: `c${index}`,
        endpoint: "https://127.0.0.1:1",
        caData: "",
      });
    }
    const first = await eks.send(new ListClustersCommand({}));
    const second = await eks.send(new ListClustersCommand({ nextToken: first.nextToken }));
    expect(first.clusters).toHaveLength(100);
    expect(second.clusters).toHaveLength(21);
    expect(second.nextToken).toBeUndefined();
    const names = [...(first.clusters ?? []), ...(second.clusters ?? [])];
    expect(new Set(names).size).toBe(121);
    expect(names).toEqual(names.toSorted());
  });

  test("are described with endpoint and CA, once they are up", async () => {
    const { simulator, eks } = await startAws();
    const { cluster } = await eks.send(new DescribeClusterCommand({ name: "dev" }));
    expect(cluster).toMatchObject({
      name: "dev",
      arn: "arn:aws:eks:eu-west-1:111122223333:cluster/dev",
      status: "ACTIVE",
      version: "1.36",
      endpoint: "https://127.0.0.1:6443",
      certificateAuthority: { data: "Q0E=" },
    });
    simulator.world.setCluster(CLUSTER, { status: "CREATING" });
    const creating = (await eks.send(new DescribeClusterCommand({ name: "dev" }))).cluster;
    expect([creating?.status, creating?.endpoint]).toEqual(["CREATING", undefined]);
  });

  test("that are not there answer ResourceNotFoundException", async () => {
    const { simulator, eks } = await startAws();
    simulator.world.removeCluster(CLUSTER);
    await expect(eks.send(new DescribeClusterCommand({ name: "dev" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "No cluster found for name: dev.",
      clusterName: "dev",
      $metadata: { httpStatusCode: 404 },
    });
  });
});

describe("the list of associations", () => {
  test("is in pages of 100 summaries, and complete", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 250, { managed: "yes" });
    const sizes: number[] = [];
    const names = new Set<string | undefined>();
    for await (const page of paginateListPodIdentityAssociations({ client: eks }, { clusterName: "dev" })) {
      sizes.push(page.associations?.length ?? 0);
      for (const summary of page.associations ?? []) names.add(summary.serviceAccount);
    }
    expect(sizes).toEqual([100, 100, 50]);
    expect(names.size).toBe(250);
    const { associations } = await eks.send(
      new ListPodIdentityAssociationsCommand({ clusterName: "dev", maxResults: 1 }),
    );
    expect(Object.keys(associations?.[0] ?? {}).toSorted()).toEqual([
      "associationArn",
      "associationId",
      "clusterName",
      "namespace",
      "serviceAccount",
    ]);
  });

  test("ends without a token where the last page is full", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 100);
    const page = await eks.send(new ListPodIdentityAssociationsCommand({ clusterName: "dev" }));
    expect([page.associations?.length, page.nextToken]).toEqual([100, undefined]);
  });

  test("misses nothing and repeats nothing when associations go between two pages", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 10);
    const first = await eks.send(
      new ListPodIdentityAssociationsCommand({ clusterName: "dev", maxResults: 4 }),
    );
    for (const { associationId } of simulator.world.associations(CLUSTER).slice(1, 5)) {
      simulator.world.removeAssociation(CLUSTER, associationId);
    }
    const rest = new ListPodIdentityAssociationsCommand({ clusterName: "dev", nextToken: first.nextToken });
    const names = (await eks.send(rest)).associations?.map((summary) => summary.serviceAccount);
    expect(names).toEqual(["app-5", "app-6", "app-7", "app-8", "app-9"]);
  });

  test("filters by namespace and ServiceAccount, and shows which an add-on owns", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 3);
    const ownerArn = "arn:aws:eks:eu-west-1:111122223333:addon/dev/vpc-cni/abc";
    const seed = { namespace: "kube-system", serviceAccount: "app-1", roleArn: ROLE, ownerArn };
    simulator.world.putAssociation(CLUSTER, seed);
    const list = (filter: { namespace?: string; serviceAccount?: string }) =>
      eks.send(new ListPodIdentityAssociationsCommand({ clusterName: "dev", ...filter }));
    expect((await list({ namespace: "kube-system" })).associations).toMatchObject([
      { serviceAccount: "app-1", ownerArn },
    ]);
    expect((await list({ serviceAccount: "app-1" })).associations).toHaveLength(2);
    expect((await list({ namespace: "team", serviceAccount: "app-1" })).associations).toHaveLength(1);
    expect((await list({ namespace: "none" })).associations).toEqual([]);
  });

  test.each([0, 101])("does not take pages of %i", async (maxResults) => {
    const { eks } = await startAws();
    const command = new ListPodIdentityAssociationsCommand({ clusterName: "dev", maxResults });
    await expect(eks.send(command)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("does not take another list's token", async () => {
    const { eks, simulator } = await startAws();
    simulator.world.addCluster({ ...CLUSTER, name: "prod", endpoint: "https://127.0.0.1:1", caData: "" });
    const { nextToken } = await eks.send(new ListClustersCommand({ maxResults: 1 }));
    const command = new ListPodIdentityAssociationsCommand({ clusterName: "dev", nextToken });
    await expect(eks.send(command)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });
});

describe("tags", () => {
  test("are added, replaced and removed one by one", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 1, { a: "1", b: "2" });
    const resourceArn = simulator.world.associations(CLUSTER)[0]?.associationArn;
    await eks.send(new TagResourceCommand({ resourceArn, tags: { b: "3", "c d": "4" } }));
    await eks.send(new UntagResourceCommand({ resourceArn, tagKeys: ["a", "c d"] }));
    await eks.send(new UntagResourceCommand({ resourceArn, tagKeys: ["not there"] }));
    expect((await eks.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ b: "3" });
    expect(simulator.world.associations(CLUSTER)[0]?.tags).toEqual({ b: "3" });
  });

  test("of a cluster too", async () => {
    const { eks } = await startAws();
    const resourceArn = "arn:aws:eks:eu-west-1:111122223333:cluster/dev";
    await eks.send(new TagResourceCommand({ resourceArn, tags: { stage: "dev" } }));
    expect((await eks.send(new DescribeClusterCommand({ name: "dev" }))).cluster?.tags).toEqual({
      stage: "dev",
    });
  });

  test.each([
    [
      "arn:aws:eks:eu-west-1:111122223333:podidentityassociation/dev/a-00000000000000000",
      "NotFoundException",
    ],
    ["arn:aws:eks:eu-west-1:111122223333:cluster/none", "NotFoundException"],
    ["arn:aws:eks:us-east-1:111122223333:cluster/dev", "NotFoundException"],
    ["arn:aws:s3:::bucket", "BadRequestException"],
  ])("of %s answer %s", async (resourceArn, name) => {
    const { eks } = await startAws();
    await expect(eks.send(new TagResourceCommand({ resourceArn, tags: { a: "1" } }))).rejects.toMatchObject({
      name,
    });
  });

  test("are 50 at most, with those that are there", async () => {
    const { eks, simulator } = await startAws();
    seedAssociations(simulator, 1, tagsNumbering(50));
    const resourceArn = simulator.world.associations(CLUSTER)[0]?.associationArn;
    await eks.send(new TagResourceCommand({ resourceArn, tags: { "key-0": "again" } }));
    const oneMore = new TagResourceCommand({ resourceArn, tags: { other: "1" } });
    await expect(eks.send(oneMore)).rejects.toMatchObject({ name: "BadRequestException" });
  });
});

function tagsNumbering(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, "value"]));
}
