import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { annotateServiceAccount, createServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import type { SandboxStack } from "../../sandbox/stack.ts";
import { type ClusterRef, clusterKey } from "../../src/model/cluster.ts";
import { mostAtOnce } from "../unit/discoveryFixture.ts";
import {
  data,
  fleetEntries,
  OTHER_KEY,
  OTHER_TARGET,
  ops,
  shop,
  shopOfB,
  shopTest,
  syncRole,
} from "./fleetEntries.ts";
import {
  changesAt,
  failed,
  HOME,
  OUR_TAGS,
  ROLE,
  roleArn,
  type Scene,
  startScene,
  succeeded,
  up,
} from "./scene.ts";

// All clusters hold the same ServiceAccounts: what differs between them comes from the fields of their entries alone.
const clusters = [shop, shopTest, shopOfB, ops, data];
const session = {
  "eks-pod-identity-sync/disable-session-tags": "true",
  "eks-pod-identity-sync/policy": '{ "Version": "2012-10-17", "Statement": [] }',
};
const target = roleArn(data, "worker");

const everywhere = { "team/app": "api", "kube-system/app": "api", "ops/boss": "admin", "team/boss": "admin" };
const others = ["other-0", "other-1", "other-2", "other-3", "other-4", "other-5"];

let scene: Scene;

beforeAll(async () => {
  scene = await startScene(clusters);
  const account = (namespace: string, name: string, annotations: Record<string, string>) => {
    return { namespace, name, annotations };
  };
  for (const ref of clusters) {
    await createServiceAccounts(scene.running(ref), [
      account("team", "app", { [ROLE]: roleArn(ref, "api") }),
      account("kube-system", "app", { [ROLE]: roleArn(ref, "api") }),
      account("ops", "boss", { [ROLE]: roleArn(ref, "admin") }),
      account("team", "boss", { [ROLE]: roleArn(ref, "admin") }),
      account("team", "worker", { [ROLE]: roleArn(ref, "worker"), [OTHER_TARGET]: target, ...session }),
      ...others.map((name) => account("team", name, { [OTHER_KEY]: roleArn(ref, "api") })),
    ]);
  }
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

/** The entries of the configuration, each with its fields changed as given. */
function entries(changes?: Parameters<typeof fleetEntries>[1]) {
  const { context } = scene.running(data);
  return fleetEntries({ kubeconfig: scene.sandbox.environment.KUBECONFIG, context }, changes);
}

function annotate(ref: ClusterRef, name: string, annotations: Record<string, string | null>): Promise<void> {
  return annotateServiceAccount(scene.running(ref), { namespace: "team", name }, annotations);
}

/** The cluster's association of `team/NAME`. */
function associationOf(ref: ClusterRef, name: string) {
  const associations = scene.sandbox.aws.world.associations(ref);
  return associations.find((it) => it.namespace === "team" && it.serviceAccount === name);
}

const exported = z.object({
  deployment: z.object({ resources: z.array(z.object({ urn: z.string(), type: z.string() })) }),
});

/** Names of the resources of one type in the stack's state, sorted. */
async function recorded(stack: SandboxStack, type: string): Promise<string[]> {
  const { stdout } = await stack.pulumi(["stack", "export"]);
  const { resources } = exported.parse(JSON.parse(stdout)).deployment;
  return resources
    .filter((it) => it.type === type)
    .map((it) => it.urn.split("::").at(-1) ?? "")
    .sort();
}

describe.sequential("five clusters in three accounts and two regions", () => {
  let stack: SandboxStack;

  test("each entry's fields decide for its clusters alone", async () => {
    stack = await scene.newStack(Object.values(entries()));
    const output = await succeeded(up(stack));
    // Negated pattern, exclusion, and restriction where the first rule that matches the role decides.
    expect(scene.held(shop)).toEqual({ "ops/boss": "admin", "team/app": "api" });
    expect(scene.held(shopTest)).toEqual({});
    // Another annotation key.
    expect(scene.held(shopOfB)).toEqual(Object.fromEntries(others.map((name) => [`team/${name}`, "api"])));
    for (const ref of [ops, data])
      expect(scene.held(ref)).toEqual({ ...everywhere, "team/worker": "worker" });
    expect(output).toMatch(/shop-prod: ServiceAccount kube-system\/app: exclude_service_accounts\[0\]/);
    expect(output).toMatch(
      /shop-prod: ServiceAccount team\/boss: restrict_roles\[0\] \(role\/admin\$\) does not allow/,
    );
    expect(output).toMatch(
      /shop-prod: ServiceAccount team\/worker: restrict_roles\[1\] \(role\/worker\$\) does not allow/,
    );

    expect(associationOf(shop, "app")?.tags).toEqual({ owner: "platform", stage: "live" });
    for (const ref of [ops, data]) expect(associationOf(ref, "app")?.tags).toEqual(OUR_TAGS);

    const restricted = { disableSessionTags: true, policy: '{"Statement":[],"Version":"2012-10-17"}' };
    expect(associationOf(ops, "worker")).toMatchObject({ ...restricted, targetRoleArn: target });
    expect(associationOf(data, "worker")).toMatchObject(restricted);
    expect(associationOf(data, "worker")?.targetRoleArn).toBeUndefined();
    expect(associationOf(data, "app")).toMatchObject({ disableSessionTags: false });

    const callers = scene.sandbox.aws.calls
      .all("CreatePodIdentityAssociation")
      .map(({ principal }) => principal);
    expect([...new Set(callers)].sort()).toEqual([
      `arn:aws:iam::${HOME}:user/admin`,
      `arn:aws:sts::${ops.account}:assumed-role/pod-identity-sync/eks-pod-identity-sync`,
      `arn:aws:sts::${data.account}:assumed-role/pod-identity-sync/eks-pod-identity-sync`,
    ]);

    const reads = await recorded(stack, "kubernetes:core/v1:ServiceAccount");
    expect(reads.filter((name) => name.startsWith(clusterKey(data)))).toEqual([]);
    const keys = [...Object.keys(everywhere), "team/worker"];
    expect(reads.filter((name) => name.startsWith(clusterKey(ops)))).toEqual(
      keys.map((key) => `${clusterKey(ops)}/${key}`).sort(),
    );
  });

  test("the bulk look-up and a Describe of each find the same, and no more Describes at once than allowed", async () => {
    const describesIn = ({ region, account }: ClusterRef) =>
      scene.sandbox.aws.calls
        .all("DescribePodIdentityAssociation")
        .filter((call) => call.region === region && call.account === account);
    const lookedUp = () =>
      scene.sandbox.aws.calls.all("GetResources").map(({ account, region }) => `${account}/${region}`);
    scene.sandbox.aws.configure({ delaysMs: { DescribePodIdentityAssociation: 60 } });
    await succeeded(up(stack, "--expect-no-changes"));
    expect(lookedUp().sort()).toEqual([
      `${HOME}/us-east-1`,
      `${ops.account}/eu-west-1`,
      `${data.account}/eu-west-1`,
    ]);
    expect(describesIn(shopOfB)).toHaveLength(others.length);
    expect(mostAtOnce(describesIn(shopOfB))).toBe(2);
    expect(scene.sandbox.aws.calls.all("DescribePodIdentityAssociation")).toHaveLength(others.length);

    const forced = { force_iterative_association_discovery: true, max_concurrency: 1 };
    await stack.configure(
      Object.values(
        entries({
          ...{ shop: forced, ops: forced, data: forced },
          shopOfB: { force_iterative_association_discovery: false },
        }),
      ),
    );
    scene.sandbox.aws.calls.clear();
    await succeeded(up(stack, "--expect-no-changes"));
    expect(lookedUp()).toEqual([`${ops.account}/us-east-1`]);
    expect(mostAtOnce(describesIn(data))).toBe(1);
    scene.sandbox.aws.configure({ delaysMs: {} });
  });

  test("changed fields and annotations take effect in their place, and in no other", async () => {
    const before = associationOf(ops, "worker");
    await annotate(ops, "worker", {
      [OTHER_TARGET]: null,
      "eks-pod-identity-sync/disable-session-tags": null,
      "eks-pod-identity-sync/policy": null,
    });
    await stack.configure(
      Object.values(
        entries({
          // The same cluster through an assumed role: another provider, the same association.
          shop: { role_arn: syncRole(HOME), exclude_service_accounts: [], restrict_roles: [] },
          data: { restrict_roles: [{ role_arn: "role/admin$" }] },
        }),
      ),
    );
    const app = associationOf(shop, "app");
    await succeeded(up(stack));
    expect(scene.held(shop)).toEqual({ ...everywhere, "team/worker": "worker" });
    expect(associationOf(shop, "app")).toEqual(app);
    expect(scene.held(data)).toEqual({
      "kube-system/app": "api",
      "team/app": "api",
      "team/worker": "worker",
    });
    const after = associationOf(ops, "worker");
    expect(after).toMatchObject({ associationId: before?.associationId, disableSessionTags: false });
    expect([after?.targetRoleArn, after?.policy]).toEqual([undefined, undefined]);
    expect(changesAt(scene.sandbox)).toEqual({
      CreatePodIdentityAssociation: 3,
      DeletePodIdentityAssociation: 2,
      UpdatePodIdentityAssociation: 1,
    });
  });

  test("clusters that can't be worked on now, or that no entry selects, are told of and keep what the state holds", async () => {
    const held = await recorded(stack, "aws:eks/podIdentityAssociation:PodIdentityAssociation");
    await annotate(ops, "app", { [ROLE]: null });
    await annotate(shop, "app", { [ROLE]: null });
    await annotate(data, "app", { [ROLE]: roleArn(data, "worker") });
    scene.sandbox.aws.world.setCluster(ops, { status: "CREATING" });
    scene.sandbox.aws.world.removeCluster(shopOfB);
    const { shop: _, ...rest } = entries({ data: { restrict_roles: [{ role_arn: "role/admin$" }] } });
    await stack.configure(Object.values(rest));

    const output = await succeeded(up(stack));
    scene.sandbox.aws.world.setCluster(ops, { status: "ACTIVE" });
    expect(output).toMatch(/warning: cluster ops in eu-west-1: its status is CREATING/);
    expect(output).toMatch(
      /warning: clusters\[0\]: no cluster in us-east-1 matches cluster_name "\^shop-prod\$"/,
    );
    for (const ref of [shop, shopOfB, ops]) expect(output).toContain(`warning: cluster ${clusterKey(ref)}: `);
    expect(changesAt(scene.sandbox)).toEqual({ UpdatePodIdentityAssociation: 1 });
    expect(scene.held(data)).toMatchObject({ "team/app": "worker" });
    expect(await recorded(stack, "aws:eks/podIdentityAssociation:PodIdentityAssociation")).toEqual(held);
  });

  test("a cluster that two entries select, and a context that is not there, are errors that name them", async () => {
    const all = entries({ data: { context: "nowhere" } });
    await stack.configure([all.ops, { ...all.ops, cluster_name: "^o" }]);
    const output = await failed(stack.pulumi(["preview"]));
    expect(output).toContain(
      `selected twice: ${clusterKey(ops)} by clusters[0] and clusters[1]; narrow cluster_name`,
    );

    await stack.configure([all.data]);
    expect(await failed(stack.pulumi(["preview"]))).toMatch(
      /kubeconfig has no context "nowhere"; it has .*data/,
    );
    expect(changesAt(scene.sandbox)).toEqual({});
  });
});
