import { describe, expect, test } from "vitest";
import type { AwsSimulator, ClusterStatus } from "../../sandbox/aws/simulator.ts";
import { clusterLookup, refuseOverlaps, selectClusters } from "../../src/discovery/clusters.ts";
import { UserError } from "../../src/model/userError.ts";
import { CLUSTER, startAws } from "./awsSimulatorFixture.ts";
import { stackConfig } from "./configFixtures.ts";
import { entryOf } from "./discoveryFixture.ts";

const { account, region } = CLUSTER;

function add(simulator: AwsSimulator, name: string, status: ClusterStatus = "ACTIVE"): void {
  simulator.world.addCluster({
    account,
    region,
    name,
    endpoint: `https://${name}.eks`,
    caData: "Q0E=",
    status,
  });
}

describe("the clusters of an entry", () => {
  test("are those of all pages that its pattern matches; only these are described", async () => {
    const { simulator, ...aws } = await startAws();
    for (let index = 0; index < 210; index++) add(simulator, `shop-${index}`);
    simulator.world.addCluster({ ...CLUSTER, name: "shop-7", region: "us-east-1", endpoint: "", caData: "" });
    const entry = entryOf({ cluster_name: "^shop-(7|208)$" });
    expect(await selectClusters(entry, clusterLookup(aws))).toEqual({
      clusters: ["shop-208", "shop-7"].map((name) => ({
        entry,
        ref: { account, region, name },
        access: { kind: "eks", endpoint: { account, server: `https://${name}.eks`, caData: "Q0E=" } },
      })),
      problems: [],
    });
    expect(simulator.calls.all().map(({ action }) => action)).toEqual([
      ...Array(3).fill("ListClusters"),
      ...Array(2).fill("DescribeCluster"),
    ]);
  });

  test("carry the role through which they are reached", async () => {
    const aws = await startAws();
    const roleArn = `arn:aws:iam::${account}:role/sync`;
    const { clusters } = await selectClusters(entryOf({ role_arn: roleArn }), clusterLookup(aws));
    expect(clusters.map(({ access }) => access)).toMatchObject([{ kind: "eks", roleArn }]);
  });

  test("are all that can be worked on, beside those that can't, each with its reason", async () => {
    const { simulator, ...aws } = await startAws();
    add(simulator, "creating", "CREATING");
    add(simulator, "deleting", "DELETING");
    add(simulator, "failed", "FAILED");
    add(simulator, "refused");
    add(simulator, "updating", "UPDATING");
    add(simulator, "vanished");
    const fail = (cluster: string, code: string) =>
      simulator.faults.inject({ action: "DescribeCluster", cluster, effect: { kind: "error", code } });
    fail("vanished", "ResourceNotFoundException");
    fail("refused", "AccessDeniedException");
    const { clusters, problems } = await selectClusters(entryOf(), clusterLookup(aws));
    expect(clusters.map(({ ref }) => ref.name)).toEqual(["dev", "updating"]);
    const alone = (status: string) => `its status is ${status}; it is left alone until it is ACTIVE`;
    expect(Object.fromEntries(problems.map(({ where, message }) => [where, message]))).toEqual({
      [`cluster creating in ${region}`]: alone("CREATING"),
      [`cluster deleting in ${region}`]: alone("DELETING"),
      [`cluster failed in ${region}`]: alone("FAILED"),
      [`cluster refused in ${region}`]: expect.stringMatching(
        /^eks:DescribeCluster: AccessDeniedException: .*; grant eks:DescribeCluster/,
      ),
      [`cluster vanished in ${region}`]: "it has gone since it was listed",
    });
  });

  test("may be none, which is said", async () => {
    const aws = await startAws();
    expect(await selectClusters(entryOf({ cluster_name: "^prod$" }), clusterLookup(aws))).toEqual({
      clusters: [],
      problems: [
        {
          where: "clusters[0]",
          message: 'no cluster in eu-west-1 matches cluster_name "^prod$"',
          kind: "absence",
        },
      ],
    });
  });

  test("can't be found where the list is refused", async () => {
    const { simulator, ...aws } = await startAws();
    simulator.configure({ denials: [{ principal: "*", action: "ListClusters" }] });
    await expect(selectClusters(entryOf(), clusterLookup(aws))).rejects.toThrow(
      /^eks:ListClusters: AccessDenied/,
    );
  });
});

describe("the cluster that an entry names with self: true", () => {
  test("is of the credentials' account, and EKS is not asked for it", async () => {
    const { simulator, ...aws } = await startAws();
    const entry = entryOf({ self: true, cluster_name: "mine", kubeconfig: "/etc/kubeconfig", context: "c" });
    expect(await selectClusters(entry, clusterLookup(aws))).toEqual({
      clusters: [
        {
          entry,
          ref: { account, region, name: "mine" },
          access: { kind: "local", kubeconfig: "/etc/kubeconfig", context: "c" },
        },
      ],
      problems: [],
    });
    expect(simulator.calls.all().map(({ action }) => action)).toEqual(["GetCallerIdentity"]);
  });

  test("is of the assumed role's account, without a call", async () => {
    const { simulator, ...aws } = await startAws();
    const role_arn = "arn:aws:iam::444455556666:role/sync";
    const { clusters } = await selectClusters(
      entryOf({ self: true, cluster_name: "mine", role_arn }),
      clusterLookup(aws),
    );
    expect(clusters.map(({ ref }) => ref)).toEqual([{ account: "444455556666", region, name: "mine" }]);
    expect(simulator.calls.all()).toEqual([]);
  });
});

test("clusters that several entries select are refused, all in one message", () => {
  const { clusters: entries } = stackConfig([{ region }, { region, cluster_name: "^dev$" }, { region }]);
  const select = (name: string, ...indexes: readonly number[]) =>
    entries
      .filter(({ index }) => indexes.includes(index))
      .map((entry) => ({ entry, ref: { account, region, name }, access: { kind: "local" as const } }));
  const message =
    "selected twice: 111122223333/eu-west-1/dev by clusters[0] and clusters[1]; " +
    "111122223333/eu-west-1/prod by clusters[0] and clusters[2]; narrow cluster_name so that each cluster has one entry";
  const selected = [...select("dev", 0, 1), ...select("prod", 0, 2)];
  expect(() => refuseOverlaps(selected)).toThrow(new UserError(message));

  const [dev] = select("dev", 0);
  if (dev === undefined) throw new Error("there is no entry");
  const elsewhere = { ...dev, ref: { ...dev.ref, region: "us-east-1" } };
  expect(() => refuseOverlaps([dev, elsewhere, ...select("prod", 1)])).not.toThrow();
});
