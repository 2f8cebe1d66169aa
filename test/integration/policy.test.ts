import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { accountTrust } from "../../sandbox/aws/simulator.ts";
import { type CommandEnd, projectDirectory, type SandboxStack } from "../../sandbox/stack.ts";
import { changesAt, failed, HOME, roleArn, type Scene, startScene, succeeded, up } from "./scene.ts";

const blue = { name: "blue", region: "us-east-1", account: HOME };
const entry = {
  region: blue.region,
  cluster_name: "^blue$",
  restrict_roles: [{ role_arn: ":role/admin$", allow: [{ namespace: "^ops$" }] }],
};
const withPack = ["--policy-pack", join(projectDirectory, "policy", "pack")];
/** A role that only people of the account may assume, as roles for IRSA are. */
const untrusting = `arn:aws:iam::${HOME}:role/irsa`;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene([blue]);
  scene.sandbox.aws.world.addRole({ account: HOME, name: "irsa", trustPolicy: accountTrust(HOME) });
});
afterAll(() => scene?.stop());
beforeEach(() => {
  scene.sandbox.aws.calls.clear();
  scene.sandbox.aws.faults.clear();
});

function rolesRead(): number {
  return scene.sandbox.aws.calls.all().filter(({ action }) => action === "GetRole").length;
}

describe.sequential("role_trust_check on the real chain", () => {
  let stack: SandboxStack;
  beforeAll(async () => {
    await scene.annotate(blue, { "shop/api": roleArn(blue, "api"), "shop/legacy": untrusting });
    stack = await scene.newStack([entry]);
  });

  test("warn: the preview warns of the role that does not trust Pod Identity, and reads each role once", async () => {
    await scene.annotate(blue, { "shop/api2": roleArn(blue, "api") });
    const output = await succeeded(stack.pulumi(["preview"]));
    expect(output).toMatch(
      /warning: cluster \S+blue: ServiceAccount shop\/legacy: .*warning: \S+role\/irsa does not trust EKS Pod Identity/,
    );
    expect(output).not.toMatch(/role\/api does not trust/);
    expect(rolesRead()).toBe(2);
  });

  test("no permission to read roles is one warning, and stops nothing", async () => {
    const code = "AccessDenied";
    scene.sandbox.aws.faults.inject({ action: "GetRole", times: "always", effect: { kind: "error", code } });
    const output = await succeeded(stack.pulumi(["preview"]));
    expect(new Set(output.match(/warning: .*iam:GetRole: .*/g)).size).toBe(1);
    expect(output).toMatch(/shop\/legacy create/);
  });

  test("block: not made, with a warning, and the others are", async () => {
    await stack.configure([{ ...entry, role_trust_check: "block" }]);
    const output = await succeeded(up(stack));
    expect(output).toMatch(/warning: .*shop\/legacy: \S+role\/irsa does not trust EKS Pod Identity/);
    expect(scene.held(blue)).toEqual({ "shop/api": "api", "shop/api2": "api" });
  });

  test("the policy pack passes what this program declares", async () => {
    await scene.annotate(blue, {
      "ops/console": roleArn(blue, "admin"),
      "shop/sneaky": roleArn(blue, "admin"),
    });
    await succeeded(up(stack, ...withPack));
    expect(scene.held(blue)).toEqual({ "ops/console": "admin", "shop/api": "api", "shop/api2": "api" });
  });

  test("a configuration with problems is one clear line of the pack", async () => {
    await stack.configure([{ ...entry, region: 1, restrict_role: [] }]);
    const output = await failed(stack.pulumi(["preview", ...withPack]));
    expect(output).toMatch(
      /error: policy pack eks-pod-identity-sync: Pulumi\.test\d+\.yaml, clusters\[0\]\.region: .*; .*restrict_role: .*restrict_roles/,
    );
    expect(output).not.toMatch(/^\s+at .*(\.ts|\.js|node:)/m);
  });
});

describe.sequential("the policy pack with a program that knows nothing of this one", () => {
  let pulumi: (args: readonly string[], environment: Readonly<Record<string, string>>) => Promise<CommandEnd>;

  beforeAll(async () => {
    const { environment, configFile } = await scene.newStack([entry]);
    const directory = join(dirname(configFile), "foreign");
    await mkdir(directory);
    await symlink(join(projectDirectory, "node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module", main: "index.js" }));
    await writeFile(
      join(directory, "Pulumi.yaml"),
      JSON.stringify({ name: "foreign", runtime: { name: "nodejs", options: { typescript: false } } }),
    );
    await writeFile(join(directory, "index.js"), program);
    await writeFile(join(directory, "rules.yaml"), JSON.stringify({ clusters: [entry] }));
    pulumi = async (args, extra) => {
      const env = { ...environment, CONFIG_FILE: "rules.yaml", ...extra };
      const options = { cwd: directory, env, reject: false, all: true, stdin: "ignore" } as const;
      const { exitCode, stdout, all } = await execa("pulumi", [...args, "--non-interactive"], options);
      return { exitCode, stdout, output: all };
    };
    await succeeded(pulumi(["stack", "init", "foreign"], {}));
  });

  // One association as it should be; and, by environment, one that is forbidden, or one without tags beside one
  // whose role a preview does not know.
  const program = `
    import * as aws from "@pulumi/aws";
    import * as pulumi from "@pulumi/pulumi";
    const provider = new aws.Provider("aws", { region: "us-east-1" });
    const declare = (name, roleArn, tags) => new aws.eks.PodIdentityAssociation(
      name, { clusterName: "blue", namespace: "web", serviceAccount: name, roleArn, tags }, { provider });
    const tags = { "managed-by": "eks-auto-pod-id-assoc" };
    declare("fine", "${roleArn(blue, "api")}", tags);
    if (process.env.FORBIDDEN) declare("forbidden", "${roleArn(blue, "admin")}", tags);
    if (process.env.UNTAGGED) {
      const untagged = declare("untagged", "${roleArn(blue, "api")}");
      declare("unknown", pulumi.interpolate\`arn:aws:iam::${HOME}:role/\${untagged.associationId}\`, tags);
    }
  `;

  test("a restricted role fails the update, is not made, and the message says whose role and which rule", async () => {
    const output = await failed(pulumi(["up", "--yes", "--skip-preview", ...withPack], { FORBIDDEN: "1" }));
    expect(output).toMatch(/\[mandatory\]\s+restrict-roles/);
    expect(output).toContain(
      `ServiceAccount web/forbidden of cluster blue may not use role ${roleArn(blue, "admin")}`,
    );
    expect(output).toContain("clusters[0].restrict_roles[0] (:role/admin$) does not allow");
    expect(output).not.toMatch(/web\/fine of cluster blue may not/);
    expect(scene.held(blue)).not.toHaveProperty("web/forbidden");
  });

  test("missing tags and unknown roles are advice in a preview", async () => {
    const output = await succeeded(pulumi(["preview", ...withPack], { UNTAGGED: "1" }));
    expect(output).toMatch(/\[advisory\]\s+ownership-tags/);
    expect(output).toMatch(/web\/untagged in cluster blue lacks the tags managed-by=eks-auto-pod-id-assoc/);
    expect(output).toMatch(/not checked yet: roleArn will be known only in the update/);
    expect(changesAt(scene.sandbox)).toEqual({});
  });
});
