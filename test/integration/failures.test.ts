import { afterAll, beforeAll, expect, test } from "vitest";
import { deleteServiceAccounts } from "../../sandbox/serviceAccounts.ts";
import { changesAt, failed, HOME, roleArn, type Scene, startScene, succeeded, up } from "./scene.ts";

const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "us-east-1", account: HOME };
const entry = (name: string) => ({ region: "us-east-1", cluster_name: `^${name}$` });

let scene: Scene;

beforeAll(async () => {
  scene = await startScene([blue, green]);
  // An API server without any ServiceAccount would be a reason to delete nothing.
  for (const cluster of [blue, green]) await scene.annotate(cluster, { "plain/plain": null });
});
afterAll(() => scene?.stop());

/** A message that people can use: said once or twice (progress and summary), and no stack trace. */
function expectOneClearLine(output: string, line: RegExp): void {
  expect(output).toMatch(line);
  expect(output).not.toMatch(/^\s+at .*(\.ts|\.js|node:)/m);
}

test("a listing that fails stops the run before anything is deleted", async () => {
  const stack = await scene.newStack([entry("blue")]);
  await scene.annotate(blue, { "listing/api": roleArn(blue, "api") });
  await succeeded(up(stack));
  await deleteServiceAccounts(scene.running(blue), [{ namespace: "listing", name: "api" }]);

  for (const action of ["ListPodIdentityAssociations", "GetResources", "ListClusters"]) {
    const code = "AccessDeniedException";
    scene.sandbox.aws.faults.inject({ action, times: "always", effect: { kind: "error", code } });
    const output = await failed(up(stack));
    scene.sandbox.aws.faults.clear();
    expectOneClearLine(output, new RegExp(`:${action}: AccessDeniedException.*; grant `));
    expect(scene.held(blue)).toMatchObject({ "listing/api": "api" });
  }
  await succeeded(up(stack));
  expect(scene.held(blue)).toEqual({});
});

test("a cluster that can't be read keeps what it has, and does not hold up the others", async () => {
  await scene.annotate(blue, { "apart/api": roleArn(blue, "api") });
  await scene.annotate(green, { "apart/api": roleArn(green, "api") });
  const stack = await scene.newStack([entry("blue"), entry("green")]);
  await succeeded(up(stack));
  const { endpoint = "" } = scene.sandbox.aws.world.cluster(green) ?? {};
  scene.sandbox.aws.world.setCluster(green, { endpoint: "https://127.0.0.1:1" });
  await deleteServiceAccounts(scene.running(blue), [{ namespace: "apart", name: "api" }]);
  await deleteServiceAccounts(scene.running(green), [{ namespace: "apart", name: "api" }]);

  const output = await succeeded(up(stack));
  expect(output).toMatch(/warning: cluster .*green: .*https:\/\/127\.0\.0\.1:1/);
  expect(scene.held(blue)).toEqual({});
  expect(scene.held(green)).toEqual({ "apart/api": "api" });

  scene.sandbox.aws.world.setCluster(green, { endpoint });
  await succeeded(up(stack));
  expect(scene.held(green)).toEqual({});
});

test("an API server that is not there is one clear line", async () => {
  const stack = await scene.newStack([entry("green")]);
  const { endpoint = "" } = scene.sandbox.aws.world.cluster(green) ?? {};
  scene.sandbox.aws.world.setCluster(green, { endpoint: "https://127.0.0.1:1" });
  const output = await failed(stack.pulumi(["preview"]));
  scene.sandbox.aws.world.setCluster(green, { endpoint });
  expectOneClearLine(output, /green: .*https:\/\/127\.0\.0\.1:1.*check that the API server is reachable/);
});

test("an AWS endpoint that is not there is one clear line", async () => {
  const stack = await scene.newStack([entry("blue")], { AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  const output = await failed(stack.pulumi(["preview"]));
  expectOneClearLine(output, /clusters\[0\]: eks:ListClusters: .*127\.0\.0\.1:1.*check the network/);
});

test("a configuration error names the file, the field and what was expected, all at once", async () => {
  const stack = await scene.newStack([{ region: "us-east-1", cluster_name: "(?=x)", max_concurency: 3 }]);
  const output = await failed(stack.pulumi(["preview"]));
  expectOneClearLine(output, /Pulumi\.test\d+\.yaml, clusters\[0\]\.cluster_name: /);
  expect(output).toMatch(/clusters\[0\]\.max_concurency.*max_concurrency/);
  expect(changesAt(scene.sandbox)).toMatchObject({});
});

test("a cluster that is not ACTIVE yet is reported, and is no failure", async () => {
  scene.sandbox.aws.world.setCluster(green, { status: "CREATING" });
  const stack = await scene.newStack([entry("green")]);
  const output = await succeeded(up(stack));
  scene.sandbox.aws.world.setCluster(green, { status: "ACTIVE" });
  expect(output).toMatch(/warning: cluster green in us-east-1: its status is CREATING/);
});
