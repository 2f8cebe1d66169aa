import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withApiClient } from "../../sandbox/controlPlane/apiClient.ts";
import { type RunningCluster, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import {
  annotateServiceAccount,
  createServiceAccounts,
  deleteServiceAccounts,
} from "../../sandbox/serviceAccounts.ts";
import { clusterToken } from "../../src/aws/clusterToken.ts";
import { localKubeConfig } from "../../src/kubernetes/access.ts";
import { listServiceAccounts } from "../../src/kubernetes/serviceAccounts.ts";
import { keyOf } from "../../src/model/serviceAccount.ts";
import { ensureToolchain, sandboxTools } from "../../toolchain/index.ts";

const blueRef = { name: "blue", region: "us-east-1", account: "111111111111" };
const greenRef = { name: "green", region: "eu-west-1", account: "222222222222" };

let sandbox: Sandbox;
let blue: RunningCluster;
let green: RunningCluster;

beforeAll(async () => {
  const { paths } = await ensureToolchain(sandboxTools);
  sandbox = await startSandbox({
    clusters: [blueRef, greenRef],
    tools: { kubeApiserver: paths["kube-apiserver"], etcd: paths.etcd },
  });
  blue = running("blue");
  green = running("green");
});
afterAll(() => sandbox?.stop());

function running(name: string): RunningCluster {
  const found = sandbox.clusters.find(({ ref }) => ref.name === name);
  if (found === undefined) throw new Error(`the sandbox has no cluster ${name}`);
  return found;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function sts(credentials: Keys = baseKeys()): STSClient {
  return new STSClient({ endpoint: sandbox.aws.url, region: "us-east-1", credentials });
}

function baseKeys(): Keys {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    sandbox.environment;
  return { accessKeyId, secretAccessKey };
}

/** Temporary keys for the role through which an account is reached. */
async function keysFor(account: string): Promise<Keys> {
  const RoleArn = `arn:aws:iam::${account}:role/pod-identity-sync`;
  const { Credentials } = await sts().send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "test" }));
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

async function eksToken(clusterName: string, keys?: Keys, signedAt = new Date()): Promise<string> {
  return (await clusterToken(sts(keys), clusterName, signedAt)).token;
}

/** The status of a request with this bearer token. */
async function statusOf(
  cluster: RunningCluster,
  bearer: string,
  [method, path, body]: Call,
): Promise<number> {
  const target = { ...cluster, adminToken: bearer };
  return (await withApiClient(target, (api) => api.send(method, path, body))).status;
}

type Call = readonly [method: string, path: string, body?: object];
const listAll: Call = ["GET", "/api/v1/serviceaccounts"];
const aServiceAccount: Call = [
  "POST",
  "/api/v1/namespaces/default/serviceaccounts",
  { metadata: { name: "x" } },
];
const anEvent: Call = [
  "POST",
  "/api/v1/namespaces/default/events",
  {
    metadata: { generateName: "refused-" },
    involvedObject: { kind: "ServiceAccount", namespace: "default", name: "app" },
    reason: "Refused",
    message: "a message",
    type: "Warning",
  },
];

test.each([
  { call: "list ServiceAccounts", request: listAll, status: 200 },
  {
    call: "watch ServiceAccounts",
    request: ["GET", `${listAll[1]}?watch=1&timeoutSeconds=1`] as const,
    status: 200,
  },
  { call: "write an Event", request: anEvent, status: 201 },
  { call: "list Secrets", request: ["GET", "/api/v1/secrets"] as const, status: 403 },
  { call: "create a ServiceAccount", request: aServiceAccount, status: 403 },
])("a principal that is admitted may $call: $status", async ({ request, status }) => {
  expect(await statusOf(blue, await eksToken("blue"), request)).toBe(status);
});

test("the account's role is admitted to its cluster, and the base account's user is not", async () => {
  expect(await statusOf(green, await eksToken("green", await keysFor("222222222222")), listAll)).toBe(200);
  expect(await statusOf(green, await eksToken("green"), listAll)).toBe(401);
});

test("a token for another cluster's name is refused", async () => {
  expect(await statusOf(blue, await eksToken("green"), listAll)).toBe(401);
});

test("a token that nobody signed is refused", async () => {
  expect(await statusOf(blue, "k8s-aws-v1.aHR0cHM6Ly9zdHM", listAll)).toBe(401);
});

test("a principal whose access entry is gone is refused", async () => {
  const keys = sandbox.aws.world.addUser("111111111111", "guest");
  const entry = { principalArn: "arn:aws:iam::111111111111:user/guest", groups: ["pod-identity-sync"] };
  const others = sandbox.aws.world.cluster(blueRef)?.accessEntries ?? [];
  // The API server keeps a good token for some seconds: each try has one of its own.
  const early = await eksToken("blue", keys, new Date(Date.now() - 60_000));

  sandbox.aws.world.setCluster(blueRef, { accessEntries: [...others, entry] });
  expect(await statusOf(blue, early, listAll)).toBe(200);
  sandbox.aws.world.setCluster(blueRef, { accessEntries: others });
  expect(await statusOf(blue, await eksToken("blue", keys), listAll)).toBe(401);
});

test("nobody gets in without a token, but anybody may ask for the health", async () => {
  expect(await statusOf(blue, "", ["GET", "/readyz"])).toBe(200);
  expect(await statusOf(blue, "", ["GET", "/api"])).toBe(401);
  expect(await statusOf(blue, "no-token", ["GET", "/readyz"])).toBe(401);
});

test("EKS describes each cluster as it runs", () => {
  for (const { ref, server, caData } of sandbox.clusters) {
    expect(sandbox.aws.world.cluster(ref)).toMatchObject({ endpoint: server, caData, status: "ACTIVE" });
  }
});

test("each cluster has ServiceAccounts of its own, which the kubeconfig's contexts reach", async () => {
  const account = { namespace: "apart", name: "app", annotations: { owner: "blue" } };
  await createServiceAccounts(blue, [account]);
  await createServiceAccounts(green, [{ ...account, name: "other" }]);

  const found = async (context: string) => {
    const config = localKubeConfig({ kubeconfig: sandbox.environment.KUBECONFIG ?? "", context });
    return (await listServiceAccounts(config)).filter(({ namespace }) => namespace === "apart");
  };
  expect(await found("blue")).toEqual([account]);
  expect((await found("green")).map(keyOf)).toEqual(["apart/other"]);
});

test("ServiceAccounts are made, annotated and deleted by the hundred", async () => {
  const mine = async () => {
    const config = localKubeConfig({ kubeconfig: green.adminKubeconfigPath });
    return (await listServiceAccounts(config)).filter(({ namespace }) => namespace.startsWith("many-"));
  };
  const many = Array.from({ length: 300 }, (_, index) => ({
    namespace: `many-${index % 7}`,
    name: `app-${index}`,
    annotations: { "eks.amazonaws.com/role-arn": "first", kept: "yes" },
  }));
  await createServiceAccounts(green, many);
  expect((await mine()).map(keyOf).sort()).toEqual(many.map(keyOf).sort());

  const [changed, ...rest] = many;
  if (changed === undefined) throw new Error("there is none");
  await annotateServiceAccount(green, changed, { "eks.amazonaws.com/role-arn": "second" });
  await deleteServiceAccounts(green, rest);
  await deleteServiceAccounts(green, rest);
  expect(await mine()).toEqual([
    { ...changed, annotations: { "eks.amazonaws.com/role-arn": "second", kept: "yes" } },
  ]);

  await annotateServiceAccount(green, changed, { "eks.amazonaws.com/role-arn": null });
  expect(await mine()).toEqual([{ ...changed, annotations: { kept: "yes" } }]);
});

test("a ServiceAccount that is there already, or not there, is an error that names it", async () => {
  const account = { namespace: "twice", name: "app", annotations: {} };
  await createServiceAccounts(blue, [account]);
  await expect(createServiceAccounts(blue, [account])).rejects.toThrow(/twice\/serviceaccounts: 409/);
  const missing = { namespace: "twice", name: "missing" };
  await expect(annotateServiceAccount(blue, missing, { a: "b" })).rejects.toThrow(/missing: 404/);
});
