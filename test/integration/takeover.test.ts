import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { annotateServiceAccount, deleteServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import type { SandboxStack } from "../../sandbox/stack.ts";
import type { ClusterRef } from "../../src/model/cluster.ts";
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

// A cluster taken over from the Go controller, and what then becomes of the associations that it made: whatever
// happens to the state, pods never lose a role that their ServiceAccount asks for.
const prod = { name: "prod", region: "us-east-1", account: HOME };
const edge = { name: "edge", region: "us-east-1", account: HOME };
const prodEntry = { region: "us-east-1", cluster_name: "^prod$" };
const edgeEntry = { region: "us-east-1", cluster_name: "^edge$" };

let scene: Scene;

beforeAll(async () => {
  scene = await startScene([prod, edge]);
  await scene.annotate(prod, {
    "shop/same": roleArn(prod, "api"),
    "shop/differs": roleArn(prod, "worker"),
    "shop/apart": roleArn(prod, "api"),
    "shop/external": roleArn(prod, "api"),
    "shop/addon": roleArn(prod, "api"),
    "shop/plain": null,
  });
  await scene.annotate(edge, { "shop/plain": null });
  // The Go controller tags what it makes like this.
  for (const serviceAccount of ["same", "differs", "apart"]) put(serviceAccount, { tags: OUR_TAGS });
  put("external", { tags: { "managed-by": "terraform" } });
  put("addon", { tags: OUR_TAGS, ownerArn: `arn:aws:eks:us-east-1:${HOME}:addon/prod/vpc-cni/1` });
});
afterAll(() => scene?.stop());
afterEach(() => void vi.unstubAllEnvs());
beforeEach(() => scene.sandbox.aws.calls.clear());

function put(serviceAccount: string, more: { tags: Record<string, string>; ownerArn?: string }): void {
  const seed = { namespace: "shop", serviceAccount, roleArn: roleArn(prod, "api") };
  scene.sandbox.aws.world.putAssociation(prod, { ...seed, ...more });
}

/** Association id by ServiceAccount: another id would be a moment without a role. */
function ids(ref: ClusterRef): Record<string, string> {
  const associations = scene.sandbox.aws.world.associations(ref);
  return Object.fromEntries(associations.map((it) => [it.serviceAccount, it.associationId]));
}

function tagsIn(ref: ClusterRef): Record<string, Readonly<Record<string, string>>> {
  const associations = scene.sandbox.aws.world.associations(ref);
  return Object.fromEntries(associations.map((it) => [it.serviceAccount, it.tags]));
}

function setRole(ref: ClusterRef, name: string, role: "api" | "worker" | "admin" | null): Promise<void> {
  const value = role === null ? null : roleArn(ref, role);
  return annotateServiceAccount(scene.running(ref), { namespace: "shop", name }, { [ROLE]: value });
}

function remove(ref: ClusterRef, name: string): Promise<void> {
  return deleteServiceAccounts(scene.running(ref), [{ namespace: "shop", name }]);
}

describe.sequential("a cluster of the Go controller", () => {
  let stack: SandboxStack;
  let before: Record<string, string>;

  test("the first up makes and deletes nothing, changes the role that differs in place, and says what is not ours", async () => {
    before = ids(prod);
    stack = await scene.newStack([prodEntry]);
    const output = await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ UpdatePodIdentityAssociation: 1 });
    expect(ids(prod)).toEqual(before);
    expect(scene.held(prod)).toMatchObject({ "shop/same": "api", "shop/differs": "worker" });
    expect(output).toMatch(
      /warning: cluster \S+prod: ServiceAccount shop\/external: annotated, but a-\w+ stands there: made by somebody else \(managed-by=terraform\)/,
    );
    expect(output).toMatch(/warning: .*ServiceAccount shop\/addon: .*made by the add-on arn:\S+vpc-cni/);

    await succeeded(up(stack, "--expect-no-changes"));
    expect(changesAt(scene.sandbox)).toEqual({ UpdatePodIdentityAssociation: 1 });
  });

  test("with the state lost, up makes, deletes and changes nothing, be it adopted or made by up itself", async () => {
    await scene.annotate(prod, { "shop/made": roleArn(prod, "api") });
    await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 1 });
    before = ids(prod);
    scene.sandbox.aws.calls.clear();
    await succeeded(up(stack, "--expect-no-changes"));

    stack = await scene.newStack([prodEntry]);
    await succeeded(up(stack));
    await succeeded(up(stack, "--expect-no-changes"));
    expect(changesAt(scene.sandbox)).toEqual({});
    expect(ids(prod)).toEqual(before);
  });

  const otherTags = { pod_identity_association_tags: { team: "platform", stage: "live" } };

  test("what was adopted follows its ServiceAccount and the configured tags, in place", async () => {
    await setRole(prod, "made", "admin");
    await setRole(prod, "same", "worker");
    await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ UpdatePodIdentityAssociation: 2 });

    scene.sandbox.aws.calls.clear();
    await stack.configure([{ ...prodEntry, ...otherTags }]);
    await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ TagResource: 4, UntagResource: 4 });
    expect(ids(prod)).toEqual(before);
    const tags = otherTags.pod_identity_association_tags;
    expect(tagsIn(prod)).toEqual({
      ...{ same: tags, differs: tags, apart: tags, made: tags },
      external: { "managed-by": "terraform" },
      addon: OUR_TAGS,
    });
  });

  test("an excluded one stays as it is, whatever its ServiceAccount does, and follows again afterwards", async () => {
    const exclude_service_accounts = [{ namespace: "^shop$", name: "^apart$" }];
    await stack.configure([{ ...prodEntry, ...otherTags, exclude_service_accounts }]);
    await setRole(prod, "apart", "worker");
    await succeeded(up(stack, "--expect-no-changes"));
    await remove(prod, "apart");
    await stack.configure([{ ...prodEntry, exclude_service_accounts }]);
    await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ TagResource: 3, UntagResource: 3 });
    expect(scene.held(prod)).toMatchObject({ "shop/apart": "api" });
    expect(tagsIn(prod).apart).toEqual(otherTags.pod_identity_association_tags);

    scene.sandbox.aws.calls.clear();
    await scene.annotate(prod, { "shop/apart": roleArn(prod, "admin") });
    await stack.configure([prodEntry]);
    await succeeded(up(stack));
    const once = { UpdatePodIdentityAssociation: 1, TagResource: 1, UntagResource: 1 };
    expect(changesAt(scene.sandbox)).toEqual(once);
    expect(scene.held(prod)).toMatchObject({ "shop/apart": "admin" });
    expect(tagsIn(prod).apart).toEqual(OUR_TAGS);
    expect(ids(prod)).toEqual(before);
  });

  test("more deletions than the limit hold the cluster, until a person allows them for one run", async () => {
    await stack.configure([{ ...prodEntry, deletion_limit: { count: 1, share: 0 } }]);
    await remove(prod, "differs");
    await setRole(prod, "same", null);
    await setRole(prod, "apart", "worker");
    const output = await succeeded(up(stack));
    expect(output).toMatch(
      /warning: cluster \S+prod: would delete 2 of 4 associations, more than the limit of 1 .*POD_IDENTITY_ALLOW_DELETIONS=2/,
    );
    expect(changesAt(scene.sandbox)).toEqual({});

    vi.stubEnv("POD_IDENTITY_ALLOW_DELETIONS", "2");
    await succeeded(up(stack));
    vi.unstubAllEnvs();
    expect(changesAt(scene.sandbox)).toEqual({
      DeletePodIdentityAssociation: 2,
      UpdatePodIdentityAssociation: 1,
    });
    const { same: _, differs: __, ...others } = before;
    expect(ids(prod)).toEqual(others);

    await setRole(prod, "made", null);
    await remove(prod, "apart");
    expect(await succeeded(up(stack))).toMatch(/would delete 2 of 2 associations/);
    expect(ids(prod)).toEqual(others);
  });
});

describe.sequential("answers that come late or not at all", () => {
  let stack: SandboxStack;

  beforeAll(async () => {
    scene.sandbox.aws.world.settle();
    scene.sandbox.aws.configure({ listLagMs: null });
    stack = await scene.newStack([edgeEntry]);
  });

  test("what was made a moment ago is not made again", async () => {
    await scene.annotate(edge, { "shop/late": roleArn(edge, "api") });
    await succeeded(up(stack));
    await succeeded(up(stack));
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 1 });
  });

  test("what was deleted a moment ago is not adopted, and its successor stays", async () => {
    scene.sandbox.aws.world.settle();
    await setRole(edge, "late", null);
    await succeeded(up(stack));
    expect(scene.held(edge)).toEqual({});

    await setRole(edge, "late", "worker");
    await succeeded(up(stack));
    const made = ids(edge);
    await succeeded(up(stack));
    expect(ids(edge)).toEqual(made);
    expect(scene.held(edge)).toEqual({ "shop/late": "worker" });
    expect(changesAt(scene.sandbox)).toEqual({
      DeletePodIdentityAssociation: 1,
      CreatePodIdentityAssociation: 1,
    });
  });

  test("one that somebody made anew, with our tags, takes the place of the recorded one", async () => {
    const { late = "" } = ids(edge);
    scene.sandbox.aws.world.removeAssociation(edge, late);
    const seed = { namespace: "shop", serviceAccount: "late", tags: OUR_TAGS };
    const anew = scene.sandbox.aws.world.putAssociation(edge, { ...seed, roleArn: roleArn(edge, "admin") });
    scene.sandbox.aws.configure({ listLagMs: 0 });
    await succeeded(up(stack));
    await succeeded(up(stack, "--expect-no-changes"));
    expect(ids(edge)).toEqual({ late: anew.associationId });
    expect(scene.held(edge)).toEqual({ "shop/late": "worker" });
  });

  test("what a run made without getting to know of it is adopted by the next", async () => {
    await scene.annotate(edge, { "shop/unheard": roleArn(edge, "api") });
    const effect = { kind: "error", code: "ClientException", applied: true } as const;
    scene.sandbox.aws.faults.inject({ action: "CreatePodIdentityAssociation", effect });
    await failed(up(stack));
    const made = ids(edge);
    await succeeded(up(stack));
    expect(ids(edge)).toEqual(made);
    expect(scene.held(edge)).toEqual({ "shop/late": "worker", "shop/unheard": "api" });
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 1 });
  });
});
