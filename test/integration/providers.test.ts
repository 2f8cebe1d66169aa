import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { changesAt, HOME, roleArn, type Scene, startScene, succeeded, up } from "./scene.ts";

const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "us-east-1", account: HOME };
const syncRole = `arn:aws:iam::${HOME}:role/pod-identity-sync`;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene([blue, green]);
  for (const cluster of [blue, green]) {
    await scene.annotate(cluster, { "shop/api": roleArn(cluster, "api"), "shop/plain": null });
  }
});
afterAll(() => scene?.stop());
beforeEach(() => scene.sandbox.aws.calls.clear());

/** An entry for one cluster, through the credentials' own identity or an assumed role. */
const entry = (name: string, role?: string) => ({
  region: "us-east-1",
  cluster_name: `^${name}$`,
  ...(role === undefined ? {} : { role_arn: role }),
});

test("who makes the calls may change: associations stay what they are", async () => {
  const stack = await scene.newStack([entry("blue"), entry("green")]);
  await succeeded(up(stack));
  scene.sandbox.aws.calls.clear();

  await stack.configure([entry("blue", syncRole), entry("green", syncRole)]);
  await succeeded(up(stack));
  expect(changesAt(scene.sandbox)).toEqual({});

  // One of two clusters that shared a provider goes another way.
  await stack.configure([entry("blue"), entry("green", syncRole)]);
  await succeeded(up(stack));
  expect(changesAt(scene.sandbox)).toEqual({});

  await stack.configure([entry("blue"), entry("green")]);
  await succeeded(up(stack));
  expect(changesAt(scene.sandbox)).toEqual({});
  expect(scene.held(blue)).toEqual({ "shop/api": "api" });
  expect(scene.held(green)).toEqual({ "shop/api": "api" });
});
