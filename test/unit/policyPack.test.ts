import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import pb, { type AnalyzeResponse, type AnalyzerInfo } from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect, onTestFinished, test } from "vitest";
import { empty, toStruct } from "../../aws-plugin/protocol.ts";
import { POLICY_FOLDER, POLICY_PORT, startServer } from "../../policy/server.ts";

const folder = fileURLToPath(new URL("../../policy", import.meta.url));
const { ADVISORY, DISABLED, MANDATORY } = pb.EnforcementLevel;
const clusters = [
  { region: "us-east-1", cluster_name: "^blue$", restrict_roles: [{ role_arn: "role/admin$", allow: [] }] },
];

/** The pack as the engine starts it, and a client of it; ended with the test. */
async function startPack(command: string, args: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, CONFIG_FILE: "", ...settings };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [port] = await once(createInterface(child.stdout), "line");
  const client = new services.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  return { child, client };
}

/** The answer to a call, or the status that it failed with. */
function answer<T>(call: (done: (error: grpc.ServiceError | null, value: T) => void) => void) {
  return new Promise<T>((resolve, reject) =>
    call((error, value) => (error ? reject(error) : resolve(value))),
  );
}

function stack(config: Readonly<Record<string, string>>) {
  const request = new pb.AnalyzerStackConfigureRequest().setStack("dev");
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  return request;
}

function association(role: string) {
  const properties = toStruct({
    clusterName: "blue",
    namespace: "shop",
    serviceAccount: "api",
    roleArn: `arn:aws:iam::111111111111:role/${role}`,
  });
  return new pb.AnalyzeRequest()
    .setType("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    .setProperties(properties);
}

function levels(response: AnalyzeResponse) {
  return response.getDiagnosticsList().map((it) => [it.getPolicyname(), it.getEnforcementlevel()]);
}

test("judges by the stack's configuration, and ends when the engine lets go of its stdin", async () => {
  const { child, client } = await startPack(join(folder, "pack"), ["127.0.0.1:1"]);
  const info = await answer<AnalyzerInfo>((done) => client.getAnalyzerInfo(empty(), done));
  expect(info.getName()).toBe("eks-pod-identity-sync");
  expect(info.getPoliciesList().map((it) => [it.getName(), it.getEnforcementlevel()])).toEqual([
    ["restrict-roles", MANDATORY],
    ["ownership-tags", ADVISORY],
  ]);

  const unconfigured = answer((done) => client.analyze(association("admin"), done));
  await expect(unconfigured).rejects.toMatchObject({ details: expect.stringMatching("newer Pulumi CLI") });

  const config = stack({ "eks-pod-identity-sync:clusters": JSON.stringify(clusters), "other:clusters": "1" });
  await answer((done) => client.configureStack(config, done));
  const judge = async () =>
    levels(await answer<AnalyzeResponse>((done) => client.analyze(association("admin"), done)));
  expect(await judge()).toEqual([
    ["restrict-roles", MANDATORY],
    ["ownership-tags", ADVISORY],
  ]);

  const other = new pb.ConfigureAnalyzerRequest();
  const levelOf = (level: typeof MANDATORY | typeof DISABLED) =>
    new pb.PolicyConfig().setEnforcementlevel(level);
  other.getPolicyconfigMap().set("restrict-roles", levelOf(DISABLED));
  other.getPolicyconfigMap().set("ownership-tags", levelOf(MANDATORY));
  await answer((done) => client.configure(other, done));
  expect(await judge()).toEqual([["ownership-tags", MANDATORY]]);

  const exit = once(child, "exit");
  child.stdin.end();
  expect(await exit).toEqual([0, null]);
});

test.each([
  [
    "no configuration",
    {},
    /^policy pack eks-pod-identity-sync: there is no configuration; [^\n]*Pulumi\.dev\.yaml/,
  ],
  [
    "text in the place of the list",
    { "eks-pod-identity-sync:clusters": "blue" },
    /^policy pack eks-pod-identity-sync: Pulumi\.dev\.yaml, clusters: [^\n]*$/,
  ],
  [
    "several problems",
    { "eks-pod-identity-sync:clusters": '[{"region":"us-east-1","cluster_name":"(","self":"maybe"}]' },
    /^policy pack eks-pod-identity-sync: Pulumi\.dev\.yaml, clusters\[0\][^\n]*; Pulumi\.dev\.yaml, clusters\[0\][^\n]*$/,
  ],
])("%s is one line", async (_, config, line) => {
  const { client } = await startPack(join(folder, "pack"), ["127.0.0.1:1"]);
  const refused = answer((done) => client.configureStack(stack(config), done));
  await expect(refused).rejects.toMatchObject({ details: expect.stringMatching(line) });
});

test("looks for the configuration in the folder that a daemon names", async () => {
  const home = await mkdtemp(join(tmpdir(), "pod-identity-pack-"));
  onTestFinished(() => rm(home, { recursive: true }));
  await writeFile(join(home, "config.yaml"), JSON.stringify({ clusters }));
  const { client } = await startPack(join(folder, "pack"), ["127.0.0.1:1"], { [POLICY_FOLDER]: home });
  await answer((done) => client.configureStack(stack({}), done));
  const judged = await answer<AnalyzeResponse>((done) => client.analyze(association("admin"), done));
  expect(levels(judged)).toContainEqual(["restrict-roles", MANDATORY]);
});

test("where it is served already it hands that on, and ends with its stdin", async () => {
  const port = await startServer({});
  const { child, client } = await startPack(join(folder, "pack"), ["127.0.0.1:1"], {
    [POLICY_PORT]: String(port),
  });
  // Two updates, one after the other, with other rules.
  for (const allow of [[], [{ namespace: "^shop$" }]]) {
    const rules = [{ role_arn: "role/admin$", allow }];
    const entries = [{ region: "us-east-1", cluster_name: "^blue$", restrict_roles: rules }];
    const config = stack({ "eks-pod-identity-sync:clusters": JSON.stringify(entries) });
    await answer((done) => client.configureStack(config, done));
    const judged = await answer<AnalyzeResponse>((done) => client.analyze(association("admin"), done));
    expect(levels(judged).map(([policy]) => policy)).toEqual([
      ...(allow.length === 0 ? ["restrict-roles"] : []),
      "ownership-tags",
    ]);
  }
  const exit = once(child, "exit");
  child.stdin.end();
  expect(await exit).toEqual([0, null]);
});

test("starts from its folder, as a language host starts packs", async () => {
  const pulumi = dirname(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
  const runner = join(pulumi, "cmd", "run-policy-pack");
  const { client } = await startPack(process.execPath, [runner, "127.0.0.1:1", folder]);
  const info = await answer<AnalyzerInfo>((done) => client.getAnalyzerInfo(empty(), done));
  expect(info.getName()).toBe("eks-pod-identity-sync");
});
