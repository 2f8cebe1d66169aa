import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { annotateServiceAccount, deleteServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import type { SandboxStack } from "../../sandbox/stack.ts";
import { changesAt, HOME, ROLE, roleArn, type Scene, startScene, succeeded, up } from "./scene.ts";

// What a Pulumi user does by hand, in this order, on one cluster found by discovery and one reached by kubeconfig.
const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "eu-west-1", account: "222222222222" };

let scene: Scene;
let stack: SandboxStack;

beforeAll(async () => {
  scene = await startScene([blue, green]);
  await scene.annotate(blue, {
    "shop/api": roleArn(blue, "api"),
    "shop/worker": roleArn(blue, "worker"),
    "shop/plain": null,
    "shop/mistyped": "arn:aws:iam::1:role/api",
  });
  await scene.annotate(green, { "shop/api": roleArn(green, "api"), "shop/plain": null });
  stack = await scene.newStack([
    { region: blue.region, cluster_name: "^blue$" },
    {
      region: green.region,
      cluster_name: "green",
      self: true,
      kubeconfig: scene.running(green).adminKubeconfigPath,
      role_arn: `arn:aws:iam::${green.account}:role/pod-identity-sync`,
    },
  ]);
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

describe.sequential("a stack of two clusters", () => {
  test("preview shows the creates and changes nothing", async () => {
    const output = await succeeded(stack.pulumi(["preview"]));
    expect(output).toMatch(/PodIdentityAssociation 111111111111\/us-east-1\/blue\/shop\/api create/);
    expect(output).toMatch(/warning: cluster 111111111111\/us-east-1\/blue: ServiceAccount shop\/mistyped/);
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("up creates what annotated ServiceAccounts ask for, and skips only the malformed role", async () => {
    await succeeded(up(stack));
    expect(scene.held(blue)).toEqual({ "shop/api": "api", "shop/worker": "worker" });
    expect(scene.held(green)).toEqual({ "shop/api": "api" });
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 3 });
  });

  test("up again changes nothing", async () => {
    await succeeded(up(stack, "--expect-no-changes"));
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("a changed role is an update in place", async () => {
    const before = scene.sandbox.aws.world.associations(blue).find((it) => it.serviceAccount === "worker");
    await annotateServiceAccount(
      scene.running(blue),
      { namespace: "shop", name: "worker" },
      { [ROLE]: roleArn(blue, "admin") },
    );
    const preview = await succeeded(stack.pulumi(["preview"]));
    expect(preview).toMatch(/blue\/shop\/worker update \[diff: ~roleArn\]/);
    await succeeded(up(stack));
    const after = scene.sandbox.aws.world.associations(blue).find((it) => it.serviceAccount === "worker");
    expect(after).toMatchObject({
      associationId: before?.associationId,
      roleArn: roleArn(blue, "admin"),
    });
    expect(changesAt(scene.sandbox)).toEqual({ UpdatePodIdentityAssociation: 1 });
  });

  test("an association goes with the annotation, and with the ServiceAccount", async () => {
    await annotateServiceAccount(
      scene.running(blue),
      { namespace: "shop", name: "worker" },
      { [ROLE]: null },
    );
    await deleteServiceAccounts(scene.running(green), [{ namespace: "shop", name: "api" }]);
    await succeeded(up(stack));
    expect(scene.held(blue)).toEqual({ "shop/api": "api" });
    expect(scene.held(green)).toEqual({});
    expect(changesAt(scene.sandbox)).toEqual({ DeletePodIdentityAssociation: 2 });
  });

  test("what was deleted outside is reported, seen by refresh, and made again", async () => {
    const [association] = scene.sandbox.aws.world.associations(blue);
    scene.sandbox.aws.world.removeAssociation(blue, association?.associationId ?? "");
    expect(await succeeded(stack.pulumi(["preview"]))).toMatch(/warning: .*ServiceAccount shop\/api/);
    const refreshed = await succeeded(stack.pulumi(["refresh", "--yes", "--skip-preview"]));
    expect(refreshed).toMatch(/blue\/shop\/api deleted/);
    await succeeded(up(stack));
    expect(scene.held(blue)).toEqual({ "shop/api": "api" });
  });

  test("refresh of what is as it was changes no association, and the next up nothing", async () => {
    const refreshed = await succeeded(stack.pulumi(["refresh", "--yes", "--skip-preview"]));
    expect(refreshed).not.toMatch(/PodIdentityAssociation \S+ (updated|deleted)/);
    await succeeded(up(stack, "--expect-no-changes"));
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("destroy deletes the associations and nothing else", async () => {
    await succeeded(stack.pulumi(["destroy", "--yes", "--skip-preview"]));
    expect(scene.held(blue)).toEqual({});
    expect(changesAt(scene.sandbox)).toEqual({ DeletePodIdentityAssociation: 1 });
  });
});
