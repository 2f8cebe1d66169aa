import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { STALE_ASSOCIATIONS_TYPE } from "../../provider/inputs.ts";
import { projectDirectory, type SandboxStack } from "../../sandbox/stack.ts";
import {
  changesAt,
  failed,
  HOME,
  OUR_TAGS,
  roleArn,
  type Scene,
  startScene,
  succeeded,
  up,
} from "./scene.ts";

// One cluster in which others made associations before, and a stack that comes to it with purge off.
const blue = { name: "blue", region: "us-east-1", account: HOME };
const resource = /StaleAssociations 111111111111\/us-east-1\/blue/;

const resourceSchema = z.looseObject({
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});
const exportSchema = z.looseObject({ deployment: z.looseObject({ resources: z.array(resourceSchema) }) });

let scene: Scene;
let stack: SandboxStack;

/** An association as somebody else's call made it, with its id. */
function put(key: string, made: { tags?: Record<string, string>; ownerArn?: string } = {}): string {
  const [namespace = "", serviceAccount = ""] = key.split("/");
  const seed = { namespace, serviceAccount, roleArn: roleArn(blue, "worker"), ...made };
  return scene.sandbox.aws.world.putAssociation(blue, seed).associationId;
}

/** What the stack says of the cluster, beside where it is. */
function entry(settings: object = {}): object {
  return {
    region: blue.region,
    cluster_name: "^blue$",
    exclude_service_accounts: [{ namespace: "^kept$" }],
    restrict_roles: [{ role_arn: "role/admin$" }],
    ...settings,
  };
}

const purging = { purge_external_stale_associations: true };

beforeAll(async () => {
  scene = await startScene([blue]);
  await scene.annotate(blue, {
    "shop/api": roleArn(blue, "api"),
    "shop/plain": null,
    "shop/wanted": roleArn(blue, "api"),
    "shop/restricted": roleArn(blue, "admin"),
  });
  put("gone/external", { tags: { team: "shop" } });
  put("gone/addon", { ownerArn: `arn:aws:eks:us-east-1:${HOME}:addon/blue/ebs-csi/1` });
  put("kept/external");
  put("shop/plain");
  put("shop/restricted");
  put("shop/wanted");
  stack = await scene.newStack([entry()]);
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

const handsOff = { "gone/addon": "worker", "kept/external": "worker", "shop/wanted": "worker" };
const stale = { "gone/external": "worker", "shop/plain": "worker", "shop/restricted": "worker" };

describe.sequential("associations that others made", () => {
  test("stay while purge is off, and the stack holds no resource for them", async () => {
    expect(await succeeded(up(stack))).not.toMatch(resource);
    expect(scene.held(blue)).toEqual({ ...handsOff, ...stale, "shop/api": "api" });
    expect(changesAt(scene.sandbox)).toEqual({ CreatePodIdentityAssociation: 1 });
  });

  test("are shown by a preview with purge on, as far as they would go", async () => {
    await stack.configure([entry(purging)]);
    const output = await succeeded(stack.pulumi(["preview", "--diff"]));
    for (const key of Object.keys(stale)) {
      expect(output).toMatch(
        new RegExp(`ServiceAccount ${key}: stale association a-\\w+ is to be deleted: .*purge is on`),
      );
    }
    expect(output.match(/is to be deleted/g)).toHaveLength(3);
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("stay where AWS refuses to delete them, and the error is one line that says what to do", async () => {
    const effect = { kind: "error", code: "AccessDeniedException" } as const;
    scene.sandbox.aws.faults.inject({ action: "DeletePodIdentityAssociation", times: "always", effect });
    const output = await failed(up(stack));
    scene.sandbox.aws.faults.clear();
    expect(output).toMatch(
      /cluster 111111111111\/us-east-1\/blue: 0 of 3 stale associations deleted, then: eks:DeletePodIdentityAssociation: AccessDeniedException.*; grant /,
    );
    expect(output).not.toMatch(/^\s+at .*(\.ts|\.js|node:)/m);
    expect(scene.held(blue)).toMatchObject(stale);
  });

  test("go where they are stale, and nothing else does", async () => {
    scene.sandbox.aws.configure({ listLagMs: null });
    await succeeded(up(stack));
    expect(scene.held(blue)).toEqual({ ...handsOff, "shop/api": "api" });
    expect(changesAt(scene.sandbox)).toEqual({ DeletePodIdentityAssociation: 3 });
  });

  test("are no change any more once they are gone, even while AWS still lists them", async () => {
    await succeeded(up(stack, "--expect-no-changes"));
    expect(changesAt(scene.sandbox)).toEqual({});
    scene.sandbox.aws.configure({ listLagMs: 0 });
  });

  test("stay with purge off; those with our tags that the state does not know go all the same", async () => {
    put("late/external");
    const ours = put("late/ours", { tags: OUR_TAGS });
    await stack.configure([entry()]);
    const preview = await succeeded(stack.pulumi(["preview", "--diff"]));
    expect(preview).toMatch(/~ pulumi-nodejs:dynamic\/eks-pod-identity-sync:StaleAssociations: \(update\)/);
    expect(preview).toMatch(new RegExp(`associationId *: .*"${ours}"`));
    await succeeded(up(stack));
    expect(scene.held(blue)).toEqual({ ...handsOff, "shop/api": "api", "late/external": "worker" });
    expect(changesAt(scene.sandbox)).toEqual({ DeletePodIdentityAssociation: 1 });
    const refreshed = await succeeded(stack.pulumi(["refresh", "--yes", "--skip-preview"]));
    expect(refreshed).not.toMatch(/StaleAssociations \S+ (updated|deleted)/);
  });

  test("the state holds the way to the provider's code, not the code, and no path of this machine", async () => {
    const { stdout } = await stack.pulumi(["stack", "export"]);
    const { deployment } = exportSchema.parse(JSON.parse(stdout));
    const [held] = deployment.resources.filter(({ type }) => type === STALE_ASSOCIATIONS_TYPE);
    const text = String(held?.inputs?.__provider);
    expect(text).toContain("operations.ts");
    expect(text).not.toContain(projectDirectory);
    expect(text.length).toBeLessThan(3000);
  });

  test("are looked at again before they go: the list may lag behind", async () => {
    const { world } = scene.sandbox.aws;
    const id = put("late/tagged");
    scene.sandbox.aws.configure({ listLagMs: null });
    const association = world.store(blue).get(id);
    if (association === undefined) throw new Error(`there is no ${id}`);
    world.store(blue).put({ ...association, tags: OUR_TAGS });
    await stack.configure([entry(purging)]);
    const output = await succeeded(up(stack));
    scene.sandbox.aws.configure({ listLagMs: 0 });
    expect(output).toContain(
      `ServiceAccount late/tagged: stale association ${id} is left alone: it carries our tags now`,
    );
    expect(scene.held(blue)).toEqual({ ...handsOff, "shop/api": "api", "late/tagged": "worker" });
  });

  test("outlive refresh and destroy, even with purge on", async () => {
    put("late/again");
    await succeeded(stack.pulumi(["refresh", "--yes", "--skip-preview"]));
    await succeeded(stack.pulumi(["destroy", "--yes", "--skip-preview"]));
    const late = { "late/tagged": "worker", "late/again": "worker" };
    expect(scene.held(blue)).toEqual({ ...handsOff, ...late });
    expect(changesAt(scene.sandbox)).toEqual({ DeletePodIdentityAssociation: 1 });
  });
});
