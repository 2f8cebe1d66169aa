import { readFile } from "node:fs/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { type ApiClient, withApiClient } from "../../sandbox/controlPlane/apiClient.ts";
import { type RunningCluster, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import {
  annotateServiceAccount,
  createServiceAccounts,
  deleteServiceAccounts,
} from "../../sandbox/serviceAccounts.ts";
import { eksKubeConfig, localKubeConfig } from "../../src/kubernetes/access.ts";
import { listServiceAccountsForWatch } from "../../src/kubernetes/serviceAccounts.ts";
import { watchServiceAccounts } from "../../src/kubernetes/watchServiceAccounts.ts";
import { keyOf } from "../../src/model/serviceAccount.ts";
import { startLeaderElection } from "../../src/runner/election/leader.ts";
import { type KubernetesEvents, kubernetesEvents } from "../../src/runner/events/kubernetesEvents.ts";
import { type Informer, startInformer } from "../../src/runner/watch/serviceAccountInformer.ts";
import { ensureToolchain, sandboxTools } from "../../toolchain/index.ts";
import { ROLE } from "./scene.ts";

// The daemon's three conversations with a real API server: the watch, the Lease and the Events.
const blueRef = { name: "blue", region: "us-east-1", account: "111111111111" };
const annotations = { roleArn: ROLE, targetRoleArn: "target", disableSessionTags: "tags", policy: "policy" };
const WAIT = { timeout: 30_000, interval: 20 };

let sandbox: Sandbox;
let blue: RunningCluster;

beforeAll(async () => {
  const { paths } = await ensureToolchain(sandboxTools);
  sandbox = await startSandbox({
    clusters: [blueRef],
    tools: { kubeApiserver: paths["kube-apiserver"], etcd: paths.etcd },
  });
  const [cluster] = sandbox.clusters;
  if (cluster === undefined) throw new Error("the sandbox has no cluster");
  blue = cluster;
});
afterAll(() => sandbox?.stop());

async function admin(): Promise<KubeConfig> {
  return localKubeConfig({ kubeconfig: blue.adminKubeconfigPath });
}

/** The administrator with the rights of somebody else. */
async function inTheShoesOf(user: string): Promise<KubeConfig> {
  const config = await admin();
  config.users = config.getUsers().map((known) => ({ ...known, impersonateUser: user }));
  return config;
}

/** Sends to the API server with the administrator's rights. */
function ask<T>(work: (api: ApiClient) => Promise<T>): Promise<T> {
  return withApiClient(blue, work);
}

/** An informer, and what it told. */
function follow(credentials = { kubeConfig: admin }) {
  const told: string[] = [];
  const states: string[] = [];
  const informer: Informer = startInformer({
    kubeConfig: () => credentials.kubeConfig(),
    annotations,
    staleAfterMs: 600_000,
    onChange: (ref) => void told.push(keyOf(ref)),
    onState: ({ state }) => void states.push(state),
  });
  onTestFinished(() => informer.stop());
  return { informer, told, states };
}

/** The annotations by `namespace/name`, of one namespace. */
function held(informer: Informer, namespace: string): Record<string, object> {
  const found = informer.snapshot();
  if (found.state === "failed") throw new Error(found.reason);
  return Object.fromEntries(
    found.items.filter((item) => item.namespace === namespace).map((item) => [item.name, item.annotations]),
  );
}

test("every change arrives, and of 600 ServiceAccounts only what matters is kept", async () => {
  const many = Array.from({ length: 600 }, (_, index) => ({
    ...{ namespace: "many", name: `app${index}` },
    annotations: index === 0 ? { [ROLE]: "first", noise: "x" } : { noise: "x" },
  }));
  await createServiceAccounts(blue, many);
  const { informer, told, states } = follow();
  await informer.synced;
  expect(Object.keys(held(informer, "many"))).toHaveLength(600);
  expect(held(informer, "many")).toMatchObject({ app0: { [ROLE]: "first" }, app1: {} });
  await vi.waitFor(() => expect(states).toEqual(["connecting", "live"]), WAIT);

  await annotateServiceAccount(blue, { namespace: "many", name: "app1" }, { noise: "y" });
  await annotateServiceAccount(blue, { namespace: "many", name: "app1" }, { [ROLE]: "second" });
  await deleteServiceAccounts(blue, [{ namespace: "many", name: "app0" }]);
  await vi.waitFor(() => expect(told).toEqual(["many/app1", "many/app0"]), WAIT);
  expect(held(informer, "many").app1).toEqual({ [ROLE]: "second" });
  expect(held(informer, "many").app0).toBeUndefined();
});

test("a watch that goes on from a list's version misses nothing that happened in between", async () => {
  const config = await admin();
  const between = { namespace: "between", name: "app" };
  const { resourceVersion } = await listServiceAccountsForWatch(config);
  await createServiceAccounts(blue, [{ ...between, annotations: { [ROLE]: "app" } }]);
  await deleteServiceAccounts(blue, [between]);
  const said: string[] = [];
  const range = { resourceVersion, timeoutSeconds: 1 };
  // Ends by itself, as the API server was asked for.
  for await (const event of await watchServiceAccounts(config, range, AbortSignal.timeout(30_000))) {
    if (event.type !== "bookmark") said.push(`${event.type} ${keyOf(event.serviceAccount)}`);
  }
  expect(said).toEqual(["set between/app", "deleted between/app"]);
});

test("credentials that are refused say so, and good ones are taken up", async () => {
  const { server, caData } = blue;
  const endpoint = { account: blueRef.account, server, caData };
  const credentials = { kubeConfig: async () => eksKubeConfig(blueRef, endpoint, "no-token") };
  const { informer, states } = follow(credentials);
  await informer.synced;
  expect(informer.snapshot()).toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/401; the credentials are not admitted/),
  });
  credentials.kubeConfig = admin;
  await vi.waitFor(() => expect(states.at(-1)).toBe("live"), WAIT);
  expect(informer.snapshot().state).toBe("complete");
});

test("one of two leads by a Lease of the API server, and hands over", async () => {
  const changes: string[] = [];
  const candidate = (name: string) => {
    const election = startLeaderElection({
      kubeConfig: admin,
      ...{ namespace: "default", name: "pod-identity-sync" },
      onChange: (leading) => void changes.push(`${name} ${leading}`),
      onProblem: (message) => void changes.push(`${name}: ${message}`),
    });
    onTestFinished(() => election.stop());
    return election;
  };
  const holder = async () => {
    const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/pod-identity-sync";
    const lease = z.object({ spec: z.object({ holderIdentity: z.string().optional() }) });
    return lease.parse(JSON.parse(await ask((api) => api.expect("GET", path)))).spec.holderIdentity ?? "";
  };
  const one = candidate("one");
  await vi.waitFor(() => expect(one.leading()).toBe(true), WAIT);
  expect(await holder()).toBe(one.identity);
  const two = candidate("two");
  await one.stop();
  expect(await holder()).toBe("");
  await vi.waitFor(() => expect(two.leading()).toBe(true), WAIT);
  expect(changes).toEqual(["one true", "one false", "two true"]);
});

const eventList = z.object({
  items: z.array(
    z.object({
      type: z.string(),
      reason: z.string(),
      message: z.string(),
      involvedObject: z.object({ name: z.string() }),
    }),
  ),
});

function eventsFor(kubeConfig: () => Promise<KubeConfig>): { events: KubernetesEvents; warnings: string[] } {
  const warnings: string[] = [];
  const events = kubernetesEvents({
    kubeConfig,
    mayWrite: () => true,
    warn: (_cluster, message) => void warnings.push(message),
  });
  onTestFinished(() => events.stop());
  return { events, warnings };
}

test("Events stand where kubectl describe looks for them", async () => {
  const serviceAccount = { namespace: "events", name: "app" };
  await createServiceAccounts(blue, [{ ...serviceAccount, annotations: {} }]);
  const { events, warnings } = eventsFor(admin);
  const failed = { operation: "failed", error: "AccessDeniedException: not you" } as const;
  events.associationChanged("dev", { cluster: blueRef, ...serviceAccount, ...failed });
  events.associationChanged("dev", {
    cluster: blueRef,
    namespace: "events",
    name: "gone",
    operation: "deleted",
  });
  await events.stop();
  const { uid } = z
    .object({ metadata: z.object({ uid: z.string() }) })
    .transform(({ metadata }) => metadata)
    .parse(
      JSON.parse(await ask((api) => api.expect("GET", "/api/v1/namespaces/events/serviceaccounts/app"))),
    );
  // As kubectl's describer asks.
  const selector = `involvedObject.name=app,involvedObject.namespace=events,involvedObject.kind=ServiceAccount,involvedObject.uid=${uid}`;
  const path = `/api/v1/namespaces/events/events?fieldSelector=${encodeURIComponent(selector)}`;
  expect(eventList.parse(JSON.parse(await ask((api) => api.expect("GET", path)))).items).toMatchObject([
    { type: "Warning", reason: "PodIdentityFailed", message: failed.error },
  ]);
  expect(warnings).toEqual([]);
});

test("where Events are not allowed there is one warning", async () => {
  await createServiceAccounts(blue, [{ namespace: "refused", name: "app", annotations: {} }]);
  const { events, warnings } = eventsFor(() => inTheShoesOf("nobody"));
  for (const operation of ["created", "deleted"] as const) {
    events.associationChanged("dev", { cluster: blueRef, namespace: "refused", name: "app", operation });
  }
  await events.stop();
  expect(warnings).toEqual([expect.stringMatching(/403 .*cannot get resource.*; grant create on events/)]);
});

const manifest = z.array(
  z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  }),
);

/** Makes all that a file of `deploy` names; its namespaces are there. */
async function deploy(file: string): Promise<void> {
  const text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), "utf8");
  const objects = manifest.parse(parseAllDocuments(text).map((document) => document.toJS()));
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const where = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
    await ask((api) => api.expect("POST", `${group}${where}/${kind.toLowerCase()}s`, object));
  }
}

async function mayDo(user: string, resourceAttributes: object): Promise<boolean> {
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const answer = await ask((api) => api.expect("POST", path, { spec: { user, resourceAttributes } }));
  return z.object({ status: z.object({ allowed: z.boolean() }) }).parse(JSON.parse(answer)).status.allowed;
}

test("with the rights of deploy/rbac.yaml it can watch, lead and tell, and no more", async () => {
  const name = "eks-pod-identity-sync";
  await ask((api) => api.expect("POST", "/api/v1/namespaces", { metadata: { name } }));
  await deploy("rbac.yaml");
  const user = `system:serviceaccount:${name}:${name}`;
  const granted = () => inTheShoesOf(user);

  const { states } = follow({ kubeConfig: granted });
  await vi.waitFor(() => expect(states.at(-1)).toBe("live"), WAIT);

  const election = startLeaderElection({
    kubeConfig: granted,
    namespace: name,
    name,
    onChange: () => undefined,
  });
  onTestFinished(() => election.stop());
  await vi.waitFor(() => expect(election.leading()).toBe(true), WAIT);

  await createServiceAccounts(blue, [{ namespace: "told", name: "app", annotations: {} }]);
  const { events, warnings } = eventsFor(granted);
  const account = { namespace: "told", name: "app" };
  events.associationChanged("dev", { cluster: blueRef, ...account, operation: "created" });
  await events.stop();
  expect(warnings).toEqual([]);

  const others = { namespace: "default" };
  const refused = [
    { verb: "patch", resource: "serviceaccounts", ...others },
    { verb: "list", resource: "secrets", ...others },
    { verb: "list", resource: "events", ...others },
    { verb: "update", group: "coordination.k8s.io", resource: "leases", ...others },
    { verb: "delete", group: "coordination.k8s.io", resource: "leases", namespace: name },
  ];
  for (const attributes of refused) expect(await mayDo(user, attributes)).toBe(false);
});
