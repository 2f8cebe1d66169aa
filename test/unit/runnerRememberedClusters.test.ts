import { describe, expect, test } from "vitest";
import { RememberedClusters } from "../../src/runner/loop/rememberedClusters.ts";
import { CLUSTER, startAws } from "./awsSimulatorFixture.ts";
import { HandClock } from "./runnerClock.ts";

const scope = { region: CLUSTER.region };
const HOUR_MS = 3_600_000;

async function start(periodMs = HOUR_MS) {
  const { simulator, ...aws } = await startAws();
  const clock = new HandClock();
  const remembered = new RememberedClusters(() => aws, clock, periodMs);
  const asked = (action: string) => simulator.calls.all(action).length;
  return { simulator, clock, remembered, lookup: remembered.of(scope), asked };
}

describe("what is remembered of clusters", () => {
  test("is asked for once in a period", async () => {
    const { clock, lookup, asked } = await start();
    const first = await lookup.describe(CLUSTER.name);
    expect(first).toMatchObject({ state: "ready" });
    expect(await lookup.account()).toBe(await lookup.account());
    await clock.advance(HOUR_MS - 1);
    expect(await lookup.describe(CLUSTER.name)).toBe(first);
    expect([asked("DescribeCluster"), asked("GetCallerIdentity")]).toEqual([1, 1]);
    await clock.advance(1);
    expect(await lookup.describe(CLUSTER.name)).toEqual(first);
    await lookup.account();
    expect([asked("DescribeCluster"), asked("GetCallerIdentity")]).toEqual([2, 2]);
  });

  test("stays where there is no period", async () => {
    const { clock, lookup, asked } = await start(0);
    await lookup.describe(CLUSTER.name);
    await clock.advance(1_000 * HOUR_MS);
    await lookup.describe(CLUSTER.name);
    expect(asked("DescribeCluster")).toBe(1);
  });

  test("is of one scope", async () => {
    const { remembered, lookup, asked } = await start();
    await lookup.describe(CLUSTER.name);
    await remembered.of({ region: "us-east-1" }).describe(CLUSTER.name);
    expect(asked("DescribeCluster")).toBe(2);
    expect(remembered.of({ ...scope })).toBe(lookup);
  });

  test("does not hold what can't be worked with", async () => {
    const { simulator, lookup } = await start();
    const { account, region } = CLUSTER;
    const young = { account, region, name: "young", endpoint: "https://young.eks", caData: "Q0E=" };
    simulator.world.addCluster({ ...young, status: "CREATING" });
    expect(await lookup.describe("young")).toMatchObject({ state: "not-ready" });
    simulator.world.addCluster({ ...young, status: "ACTIVE" });
    expect(await lookup.describe("young")).toMatchObject({ state: "ready" });
  });

  test("is forgotten where it is doubted", async () => {
    const { remembered, lookup, asked } = await start();
    await lookup.describe(CLUSTER.name);
    remembered.forget(scope, CLUSTER.name);
    await lookup.describe(CLUSTER.name);
    expect(asked("DescribeCluster")).toBe(2);
  });

  test("is forgotten when the cluster is not listed any more: a new one of its name has another endpoint", async () => {
    const { simulator, lookup } = await start();
    await lookup.names();
    await lookup.describe(CLUSTER.name);
    simulator.world.removeCluster(CLUSTER);
    await lookup.names();
    simulator.world.addCluster({ ...CLUSTER, endpoint: "https://second.eks", caData: "Q0E=" });
    expect(await lookup.describe(CLUSTER.name)).toMatchObject({ endpoint: { server: "https://second.eks" } });
  });
});
