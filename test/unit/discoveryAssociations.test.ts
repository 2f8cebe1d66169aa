import { describe, expect, test } from "vitest";
import type { AwsSimulator } from "../../sandbox/aws/simulator.ts";
import { type AwsClients, awsClientPool } from "../../src/aws/clients.ts";
import { associationTags } from "../../src/aws/tags.ts";
import { describeDoubtful, readAssociations } from "../../src/discovery/associations.ts";
import type { LiveAssociation } from "../../src/model/association.ts";
import { UserError } from "../../src/model/userError.ts";
import { CLUSTER, ROLE, seedAssociations, startAws } from "./awsSimulatorFixture.ts";
import { entryOf, mostAtOnce, useSimulator } from "./discoveryFixture.ts";

const ours = { "managed-by": "eks-auto-pod-id-assoc" };
const addon = "arn:aws:eks:eu-west-1:111122223333:addon/dev/vpc-cni/1";

const bulk = entryOf();
const iterative = (maxConcurrency = 5) =>
  entryOf({ force_iterative_association_discovery: true, max_concurrency: maxConcurrency });

/** The associations of the cluster, as the entry has them read. */
function read(aws: AwsClients, entry = bulk): Promise<readonly LiveAssociation[]> {
  return readAssociations(CLUSTER, entry, aws, () => associationTags(aws.tagging));
}

function callsOf(simulator: AwsSimulator, action: string): number {
  return simulator.calls.all(action).length;
}

/** One association of `team/NAME`; returns its id. */
function put(simulator: AwsSimulator, name: string, tags: Record<string, string>, ownerArn?: string): string {
  const seed = { namespace: "team", serviceAccount: name, roleArn: ROLE, tags };
  const owner = ownerArn === undefined ? {} : { ownerArn };
  return simulator.world.putAssociation(CLUSTER, { ...seed, ...owner }).associationId;
}

describe("reading all associations", () => {
  test("by the bulk look-up and by a Describe of each gives the same, over several pages", async () => {
    const { simulator, ...aws } = await startAws();
    seedAssociations(simulator, 215, ours);
    put(simulator, "external", { team: "core" });
    put(simulator, "untagged", {});
    put(simulator, "addon", ours, addon);
    const looked = await read(aws);
    expect(callsOf(simulator, "ListPodIdentityAssociations")).toBe(3);
    expect(callsOf(simulator, "GetResources")).toBe(3);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(0);

    simulator.calls.clear();
    const described = await read(aws, iterative());
    expect(callsOf(simulator, "GetResources")).toBe(0);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(218);

    expect(described.map(({ spec: _, ...rest }) => rest)).toEqual(looked);
    expect(new Set(described.map(({ spec }) => spec?.roleArn))).toEqual(new Set([ROLE]));
    const rest = looked.filter(({ name }) => !name.startsWith("app-"));
    expect(rest).toMatchObject([
      { namespace: "team", name: "external", tags: { team: "core" } },
      { name: "untagged", tags: {} },
      { name: "addon", tags: ours, ownerArn: addon },
    ]);
    expect(rest[0]).not.toHaveProperty("ownerArn");
  });

  test("describes no more at once than max_concurrency", async () => {
    const { simulator, ...aws } = await startAws({
      behaviour: { delaysMs: { DescribePodIdentityAssociation: 20 } },
    });
    seedAssociations(simulator, 24);
    expect(await read(aws, iterative(3))).toHaveLength(24);
    expect(mostAtOnce(simulator.calls.all("DescribePodIdentityAssociation"))).toBe(3);
  });

  test("leaves out what has gone between the list and its Describe", async () => {
    const { simulator, ...aws } = await startAws();
    seedAssociations(simulator, 3);
    const effect = { kind: "error", code: "ResourceNotFoundException" } as const;
    simulator.faults.inject({ action: "DescribePodIdentityAssociation", effect });
    expect((await read(aws, iterative(1))).map(({ name }) => name)).toEqual(["app-1", "app-2"]);
  });

  test("reads no tags where there is nothing to tell apart", async () => {
    const { simulator, ...aws } = await startAws();
    expect(await read(aws)).toEqual([]);
    expect(callsOf(simulator, "GetResources")).toBe(0);
  });

  test.each(["ListPodIdentityAssociations", "GetResources"])(
    "fails as a whole where the second page of %s fails",
    async (action) => {
      // One call goes through; these clients do not retry.
      const limits = { [action]: { perSecond: 0.001, burst: 1 } };
      const { simulator, ...aws } = await startAws({ behaviour: { limits } });
      seedAssociations(simulator, 101, ours);
      const error = await read(aws).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UserError);
      expect(String(error)).toMatch(new RegExp(`^UserError: (eks|tag):${action}: Throttl\\w+: [^\\n]+$`));
      expect(callsOf(simulator, action)).toBe(2);
    },
  );

  test("fails for a cluster that is not there, with the call and the cluster", async () => {
    const { simulator, ...aws } = await startAws();
    simulator.world.removeCluster(CLUSTER);
    await expect(read(aws)).rejects.toThrow(
      /^eks:ListPodIdentityAssociations: ResourceNotFoundException: .*dev/,
    );
  });

  // The adaptive mode waits for seconds once it was throttled.
  test("outlasts throttling with the project's own clients", { timeout: 60_000 }, async () => {
    const { simulator, credentials } = await startAws();
    useSimulator(simulator, credentials);
    seedAssociations(simulator, 2, ours);
    const effect = { kind: "error", code: "ThrottlingException", status: 429 } as const;
    for (const action of ["ListPodIdentityAssociations", "DescribePodIdentityAssociation"]) {
      simulator.faults.inject({ action, effect });
    }
    const found = await read(awsClientPool()({ region: CLUSTER.region }), iterative());
    expect(found.map(({ name }) => name)).toEqual(["app-0", "app-1"]);
    expect(callsOf(simulator, "ListPodIdentityAssociations")).toBe(2);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(3);
  });
});

describe("what is described afresh before it is called somebody else's, or adopted", () => {
  const annotations = { "eks.amazonaws.com/role-arn": ROLE };
  const accounts = (...names: readonly string[]) =>
    names.map((name) => ({ namespace: "team", name, annotations }));

  /** What describeDoubtful makes of the bulk look-up's answer, and whom it asked about. */
  async function settled(
    simulator: AwsSimulator,
    aws: AwsClients,
    names: readonly string[],
    known: string[] = [],
  ) {
    const looked = await read(aws);
    simulator.calls.clear();
    const plain = { namespace: "team", name: "unannotated", annotations: {} };
    const all = [...accounts(...names), plain];
    return describeDoubtful(CLUSTER, bulk, aws, looked, all, new Set(known));
  }

  test("is what the state does not hold and a ServiceAccount asks for, in the order of the list", async () => {
    const { simulator, ...aws } = await startAws();
    put(simulator, "external", { team: "core" });
    put(simulator, "adoptable", ours);
    const recorded = put(simulator, "recorded", ours);
    const retagged = put(simulator, "retagged", {});
    put(simulator, "addon", ours, addon);
    put(simulator, "unannotated", {});
    put(simulator, "gone", ours);
    const names = ["external", "adoptable", "recorded", "retagged", "addon"];
    const found = await settled(simulator, aws, names, [recorded, retagged]);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(2);
    expect(found.map(({ name, spec }) => [name, spec?.roleArn])).toEqual([
      ["external", ROLE],
      ["adoptable", ROLE],
      ...["recorded", "retagged", "addon", "unannotated", "gone"].map((name) => [name, undefined]),
    ]);
  });

  test("shows tags that the look-up was late with, and drops what was deleted a moment ago", async () => {
    const { simulator, ...aws } = await startAws();
    const tagged = put(simulator, "tagged", {});
    const deleted = put(simulator, "deleted", ours);
    simulator.world.settle();
    simulator.configure({ listLagMs: null });
    const association = simulator.world.store(CLUSTER).get(tagged);
    if (association === undefined) throw new Error("it is not there");
    simulator.world.store(CLUSTER).put({ ...association, tags: ours });
    simulator.world.removeAssociation(CLUSTER, deleted);
    expect((await read(aws)).map(({ tags }) => tags)).toEqual([{}, ours]);

    const found = await settled(simulator, aws, ["tagged", "deleted"]);
    expect(found).toMatchObject([{ id: tagged, tags: ours }]);
  });

  test("is not asked for all of a cluster that is taken over, but for each conflict there", async () => {
    const { simulator, ...aws } = await startAws();
    seedAssociations(simulator, 101, ours);
    put(simulator, "external", { team: "core" });
    const names = Array.from({ length: 101 }, (_, index) => `app-${index}`);
    expect(await settled(simulator, aws, [...names, "external"])).toHaveLength(102);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(1);
    expect(await settled(simulator, aws, names.slice(1))).toHaveLength(102);
    expect(callsOf(simulator, "DescribePodIdentityAssociation")).toBe(100);
  });
});
