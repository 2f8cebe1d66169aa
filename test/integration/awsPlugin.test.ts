import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import aws from "@pulumi/aws";
import pulumi from "@pulumi/pulumi";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { expect, onTestFinished, test } from "vitest";
import { type AwsSimulator, startAwsSimulator } from "../../sandbox/aws/simulator.ts";
import { ensureToolchain } from "../../toolchain/index.ts";

const token = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const home = "111122223333";
const other = "444455556666";
const region = "eu-west-1";
const prod = { account: home, region, name: "prod" };
const test2 = { account: home, region, name: "test" };
const role = `arn:aws:iam::${home}:role/app`;

type Args = aws.eks.PodIdentityAssociationArgs;
const args: Args = { clusterName: "prod", namespace: "shop", serviceAccount: "cart", roleArn: role };

/** A stack on the real engine with the stand-in plugin, and the simulator that it talks to. */
interface Scene {
  readonly cloud: AwsSimulator;
  /** What the program does from now on. */
  setProgram(program: () => void): void;
  /** The same: a provider of the region, and with it one association or none. */
  declare(args: Args | undefined, options?: { import?: string; provider?: aws.ProviderArgs }): void;
  /** What the engine says that it does, or would do, to the association: `create`, `update`, `same`, ... */
  preview(): Promise<readonly string[]>;
  up(): Promise<readonly string[]>;
  refresh(): Promise<readonly string[]>;
  destroy(): Promise<readonly string[]>;
  /** The association's id and outputs in the stack's state. */
  recorded(): Promise<{ id: string; outputs: Record<string, unknown> } | undefined>;
}

/** Starts it; `endpointUrl` instead of the simulator's URL as AWS_ENDPOINT_URL. */
async function startScene(endpointUrl?: string): Promise<Scene> {
  const { environment } = await ensureToolchain(["pulumi", "aws-plugin"]);
  const cloud = await startAwsSimulator();
  onTestFinished(() => cloud.close());
  const admin = cloud.world.addAccount(home, { permissive: true });
  cloud.world.addAccount(other, { permissive: true });
  for (const cluster of [prod, test2, { ...prod, region: "us-east-1" }, { ...prod, account: other }]) {
    cloud.world.addCluster({ ...cluster, endpoint: "https://127.0.0.1:1", caData: "" });
  }
  const folder = await mkdtemp(join(tmpdir(), "aws-plugin-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));

  let program: () => void = () => {};
  const stack = await LocalWorkspace.createStack(
    { stackName: "dev", projectName: "shop", program: async () => program() },
    {
      workDir: folder,
      envVars: {
        ...environment,
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "for tests",
        AWS_ENDPOINT_URL: endpointUrl ?? cloud.url,
        AWS_ACCESS_KEY_ID: admin.accessKeyId,
        AWS_SECRET_ACCESS_KEY: admin.secretAccessKey,
      },
    },
  );
  return {
    cloud,
    setProgram(changed) {
      program = changed;
    },
    declare(declared, options = {}) {
      program = () => {
        const provider = new aws.Provider("aws", { region, ...options.provider });
        if (declared === undefined) return;
        const adopted = options.import === undefined ? {} : { import: options.import };
        new aws.eks.PodIdentityAssociation("cart", declared, { provider, ...adopted });
      };
    },
    preview: () => operations((onEvent) => stack.preview({ onEvent })),
    up: () => operations((onEvent) => stack.up({ onEvent })),
    refresh: () => operations((onEvent) => stack.refresh({ onEvent })),
    destroy: () => operations((onEvent) => stack.destroy({ onEvent })),
    recorded: () => recordedIn(stack),
  };
}

async function operations(run: (onEvent: (event: EngineEvent) => void) => Promise<unknown>) {
  const seen: string[] = [];
  await run(({ resourcePreEvent, resOutputsEvent }) => {
    const metadata = resourcePreEvent?.metadata ?? resOutputsEvent?.metadata;
    if (metadata?.type === token && !seen.includes(metadata.op)) seen.push(metadata.op);
  });
  return seen;
}

async function recordedIn(stack: Stack) {
  const { deployment } = await stack.exportStack();
  const resources: { type: string; id: string; outputs: Record<string, unknown> }[] = deployment.resources;
  return resources?.find(({ type }) => type === token);
}

test("an association lives: created, left alone, changed in place, found missing, destroyed", async () => {
  const { cloud, declare, preview, up, refresh, destroy, recorded } = await startScene();
  const live = () => cloud.world.associations(prod);

  declare({ ...args, tags: { team: "core" } });
  expect(await preview()).toEqual(["create"]);
  expect(cloud.calls.mutating).toBe(0);
  expect(await up()).toEqual(["create"]);
  const [made] = live();
  expect(made).toMatchObject({
    namespace: "shop",
    serviceAccount: "cart",
    roleArn: role,
    tags: { team: "core" },
  });
  const { associationArn, associationId } = made ?? {};
  const ids = { id: associationId, associationArn, associationId };
  const names = { ...args, ...ids, region, disableSessionTags: false };
  expect(await recorded()).toMatchObject({
    id: associationId,
    outputs: { ...names, tagsAll: { team: "core" } },
  });

  cloud.calls.clear();
  expect(await up()).toEqual(["same"]);
  expect(cloud.calls.mutating).toBe(0);

  const targetRoleArn = `arn:aws:iam::${other}:role/data`;
  const session = { targetRoleArn, disableSessionTags: true, policy: '{"Version":"2012-10-17"}' };
  declare({ ...args, ...session, roleArn: `${role}2`, tags: { env: "dev" } });
  expect(await preview()).toEqual(["update"]);
  expect(await up()).toEqual(["update"]);
  expect(live()).toMatchObject([{ associationId, ...session, roleArn: `${role}2`, tags: { env: "dev" } }]);
  expect((await recorded())?.outputs.externalId).toBe(live()[0]?.externalId);

  declare({ ...args, roleArn: `${role}2` });
  cloud.calls.clear();
  expect(await up()).toEqual(["update"]);
  expect(cloud.calls.all().map(({ action }) => action)).toEqual([
    "UpdatePodIdentityAssociation",
    "UntagResource",
  ]);
  expect(live()[0]).toMatchObject({ associationId, disableSessionTags: false, tags: {} });
  expect([live()[0]?.targetRoleArn, live()[0]?.policy]).toEqual([undefined, undefined]);

  cloud.world.removeAssociation(prod, associationId ?? "");
  await refresh();
  expect(await recorded()).toBeUndefined();
  expect(await up()).toEqual(["create"]);

  // A delete of what has gone already ends well.
  cloud.world.removeAssociation(prod, live()[0]?.associationId ?? "");
  expect(await destroy()).toEqual(["delete"]);
  expect(live()).toEqual([]);
});

test("an import adopts the live association and changes its role in place", async () => {
  const { cloud, declare, up, refresh, recorded } = await startScene();
  const { associationId } = cloud.world.putAssociation(prod, {
    ...{ namespace: "shop", serviceAccount: "cart", roleArn: `${role}-before`, tags: { team: "core" } },
  });

  declare({ ...args, tags: { team: "core" } }, { import: `prod,${associationId}` });
  expect(await up()).toEqual(["import", "update"]);
  expect(cloud.world.associations(prod)).toMatchObject([{ associationId, roleArn: role }]);
  expect(cloud.calls.all().map(({ action }) => action)).not.toContain("CreatePodIdentityAssociation");
  expect(await recorded()).toMatchObject({ id: associationId, outputs: { roleArn: role } });

  expect(await up()).toEqual(["same"]);
  // The refresh finds nothing that differs.
  expect(await refresh()).toEqual(["refresh", "same"]);
  expect(await recorded()).toMatchObject({ id: associationId, outputs: { roleArn: role } });
});

test("another cluster or region is a replacement: the new one first, then the old one goes", async () => {
  const { cloud, declare, up } = await startScene();
  declare(args);
  await up();

  declare({ ...args, clusterName: "test" });
  expect(await up()).toEqual(["create-replacement", "replace", "delete-replaced"]);
  expect(cloud.world.associations(prod)).toEqual([]);
  expect(cloud.world.associations(test2)).toHaveLength(1);

  declare(args, { provider: { region: "us-east-1" } });
  expect(await up()).toEqual(["create-replacement", "replace", "delete-replaced"]);
  expect(cloud.world.associations(test2)).toEqual([]);
  expect(cloud.world.associations({ ...prod, region: "us-east-1" })).toHaveLength(1);
});

test("the provider's configuration decides who calls, and the default tags", async () => {
  // Nobody listens there: the calls have to go by the provider's own endpoints.
  const { cloud, declare, up } = await startScene("http://127.0.0.1:9");
  const endpoints = [{ eks: cloud.url, sts: cloud.url }];
  const roleArn = `arn:aws:iam::${other}:role/app`;
  const assumeRoles = [
    { roleArn: `arn:aws:iam::${home}:role/first` },
    { roleArn: `arn:aws:iam::${other}:role/ops`, sessionName: "deploy" },
  ];
  const defaultTags = { tags: { owner: "platform", team: "any" } };
  declare(
    { ...args, roleArn, tags: { team: "core" } },
    { provider: { assumeRoles, defaultTags, endpoints } },
  );
  expect(await up()).toEqual(["create"]);
  const [made] = cloud.world.associations({ ...prod, account: other });
  expect(made?.tags).toEqual({ owner: "platform", team: "core" });
  const [call] = cloud.calls.all("CreatePodIdentityAssociation");
  expect(call?.principal).toBe(`arn:aws:sts::${other}:assumed-role/ops/deploy`);

  declare({ ...args, roleArn }, { provider: { allowedAccountIds: [other], endpoints } });
  const message = `AWS account ${home} is ruled out by allowedAccountIds`;
  await expect(up()).rejects.toThrow(message);
});

test("inputs may be unknown in a preview, and secret", async () => {
  const { cloud, setProgram, preview, up } = await startScene();
  setProgram(() => {
    const provider = new aws.Provider("aws", { region });
    const first = new aws.eks.PodIdentityAssociation("first", args, { provider });
    const [serviceAccount, tags] = [first.associationId, { of: pulumi.secret(first.associationId) }];
    new aws.eks.PodIdentityAssociation("second", { ...args, serviceAccount, tags }, { provider });
  });
  expect(await preview()).toEqual(["create"]);
  expect(await up()).toEqual(["create"]);
  const [first, second] = cloud.world.associations(prod);
  expect(second).toMatchObject({ serviceAccount: first?.associationId, tags: { of: first?.associationId } });
  expect(await up()).toEqual(["same"]);
});

test("what AWS refuses is one line with call, cluster, ServiceAccount, code and message", async () => {
  const { cloud, declare, up } = await startScene();
  cloud.world.putAssociation(prod, { namespace: "shop", serviceAccount: "cart", roleArn: role });
  declare(args);
  await expect(up()).rejects.toThrow(
    /eks:CreatePodIdentityAssociation \(cluster prod, ServiceAccount shop\/cart\): ResourceInUseException: Association already exists[^\n]*\n/,
  );
});
