import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { SandboxStack } from "../../sandbox/stack.ts";
import { changesAt, HOME, roleArn, type Scene, startScene, succeeded, up } from "./scene.ts";

const executable = fileURLToPath(new URL("../../bin/pod-identity", import.meta.url));
const blue = { name: "blue", region: "us-east-1", account: HOME };
const green = { name: "green", region: "eu-west-1", account: "222222222222" };

let scene: Scene;
let stack: SandboxStack;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pod-identity-cli-"));
  scene = await startScene([blue, green]);
  await scene.annotate(blue, {
    "shop/api": roleArn(blue, "api"),
    "shop/admin": roleArn(blue, "admin"),
    "shop/plain": null,
  });
  await scene.annotate(green, { "shop/api": roleArn(green, "api"), "shop/worker": roleArn(green, "worker") });
  stack = await scene.newStack([
    { region: blue.region, cluster_name: "^blue$", restrict_roles: [{ role_arn: "role/admin$" }] },
    {
      region: green.region,
      cluster_name: "green",
      self: true,
      kubeconfig: scene.running(green).adminKubeconfigPath,
      role_arn: `arn:aws:iam::${green.account}:role/pod-identity-sync`,
    },
  ]);
});
afterAll(async () => {
  await scene?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the command line with the stack's environment and configuration. */
function podIdentity(...args: readonly string[]) {
  return execa(executable, [...args, "--config", stack.configFile], {
    env: stack.environment,
    reject: false,
  });
}

const change = z.object({ namespace: z.string(), name: z.string() });
const planSchema = z.object({
  clusters: z.array(z.object({ name: z.string(), create: z.array(change), ignored: z.array(change) })),
});

/** `cluster/namespace/name` of what a plan in JSON would create. */
function creates(output: string): readonly string[] {
  const { clusters } = planSchema.parse(JSON.parse(output));
  return clusters.flatMap(({ name: cluster, create }) =>
    create.map(({ namespace, name }) => `${cluster}/${namespace}/${name}`),
  );
}

describe.sequential("snapshot and plan", () => {
  test("a snapshot piped into plan gives the creates of `pulumi preview`", async () => {
    const options = { env: stack.environment, reject: false } as const;
    const config = ["--config", stack.configFile];
    const plan = ["plan", "--snapshot", "-", ...config, "-o", "json", "--detailed-exitcode"];
    const { exitCode, stdout } = await execa(executable, ["snapshot", ...config], options).pipe(
      executable,
      plan,
      options,
    );
    expect(exitCode).toBe(2);
    const preview = await succeeded(stack.pulumi(["preview"]));
    const previewed = preview.matchAll(/PodIdentityAssociation \d+\/[-\w]+\/(\S+) create/g);
    expect(creates(stdout)).toEqual(["blue/shop/api", "green/shop/api", "green/shop/worker"]);
    expect(new Set(Array.from(previewed, ([, name]) => name))).toEqual(new Set(creates(stdout)));
    expect(changesAt(scene.sandbox)).toEqual({});
  });

  test("after `up` all is unchanged, with `pulumi stack export` as what is recorded", async () => {
    await succeeded(up(stack));
    const state = join(directory, "state.json");
    await writeFile(state, (await stack.pulumi(["stack", "export"])).stdout);
    const snapshot = join(directory, "snapshot.json");
    expect(await podIdentity("snapshot", "-o", "json", "--output-file", snapshot)).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    const recorded = await podIdentity(
      ...["plan", "--snapshot", snapshot, "--recorded", state, "--detailed-exitcode"],
    );
    expect(recorded.stdout).toMatch(/^ {2}ignore +shop\/admin +admin +restrict_roles\[0\]/m);
    expect(recorded.stdout).toMatch(/^Plan: nothing to change, 3 unchanged, 1 ignored\.$/m);
    expect(recorded.exitCode).toBe(0);
    const lost = await podIdentity("plan", "--snapshot", snapshot);
    expect(lost.stdout).toMatch(/^Plan: 3 to adopt, 1 ignored\.$/m);
  });

  test("a cluster that can't be read stops the snapshot; --partial keeps the reason for the plan", async () => {
    scene.sandbox.aws.faults.inject({
      action: "DescribePodIdentityAssociation",
      account: green.account,
      times: "always",
      effect: { kind: "error", code: "AccessDeniedException" },
    });
    try {
      const whole = await podIdentity("snapshot");
      expect(whole).toMatchObject({ exitCode: 1, stdout: "" });
      expect(whole.stderr).toMatch(
        /error: cluster 222222222222\/eu-west-1\/green: eks:DescribePodIdentityAssociation: AccessDenied/,
      );
      expect(whole.stderr).not.toContain("cluster 111111111111");

      const partial = await podIdentity("snapshot", "--partial");
      expect(partial.exitCode).toBe(0);
      expect(partial.stderr).toMatch(/^warning: cluster 222222222222\/eu-west-1\/green: /);
      const failed = expect.stringContaining("DescribePodIdentityAssociation: AccessDenied");
      expect(parse(partial.stdout)).toMatchObject({
        clusters: [
          { name: "blue", associations: [{ serviceAccount: "api", roleArn: roleArn(blue, "api") }] },
          { name: "green", associations: { failed } },
        ],
      });
    } finally {
      scene.sandbox.aws.faults.clear();
    }
  });
});
