import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ApiClient, type ApiServer, withApiClient } from "./apiClient.ts";
import type { OwnedProcess } from "./ownedProcess.ts";
import { startListening } from "./readiness.ts";

/** What an API server needs to start. */
export interface KubeApiserverSpec {
  readonly file: string;
  /** For messages. */
  readonly clusterName: string;
  /** Its own; made where it is missing. */
  readonly directory: string;
  readonly etcdUrl: string;
  /** Tells its keys in etcd from other API servers'. */
  readonly etcdPrefix: string;
  /** Where it asks about bearer tokens that are not the administrator's. */
  readonly tokenReviewUrl: string;
}

/** A running kube-apiserver. */
export interface KubeApiserver extends ApiServer {
  readonly process: OwnedProcess;
}

/** Watch much and decide nothing where no pod ever runs. */
const IDLE_ADMISSION_PLUGINS = [
  "DefaultIngressClass",
  "DefaultStorageClass",
  "LimitRanger",
  "MutatingAdmissionWebhook",
  "PodSecurity",
  "Priority",
  "ResourceQuota",
  "RuntimeClass",
  "ServiceAccount",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionWebhook",
];

/** Starts an API server with RBAC and waits until it is ready. Throws StartError. */
export async function startKubeApiserver(spec: KubeApiserverSpec): Promise<KubeApiserver> {
  const adminToken = randomBytes(24).toString("base64url");
  await writeInputs(spec, adminToken);
  const target = async (ports: readonly number[]): Promise<ApiServer> => ({
    server: `https://127.0.0.1:${ports[0]}`,
    caData: await servingCa(spec.directory),
    adminToken,
  });
  const { process, ports } = await startListening(
    1,
    (ports) => ({
      title: `kube-apiserver of cluster ${spec.clusterName}`,
      file: spec.file,
      args: flags(spec, ports),
      logFile: join(spec.directory, "kube-apiserver.log"),
    }),
    // The CA and the token tell this API server from another one that took the port.
    async (ports) => {
      try {
        const probe = (api: ApiClient) => api.send("GET", "/readyz");
        return (await withApiClient(await target(ports), probe)).status === 200;
      } catch {
        return false; // no certificate yet, or not listening
      }
    },
  );
  return { ...(await target(ports)), process };
}

function flags(spec: KubeApiserverSpec, [port]: readonly number[]): readonly string[] {
  const input = (name: string) => join(spec.directory, name);
  return [
    `--etcd-servers=${spec.etcdUrl}`,
    `--etcd-prefix=${spec.etcdPrefix}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${input("certificates")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    "--authorization-mode=RBAC",
    `--token-auth-file=${input("tokens.csv")}`,
    `--authentication-config=${input("authentication.json")}`,
    `--authentication-token-webhook-config-file=${input("token-webhook.json")}`,
    "--authentication-token-webhook-version=v1",
    // Instead of two minutes; above it, the API server keeps every good token for ten seconds.
    "--authentication-token-webhook-cache-ttl=1s",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${input("service-account.pub")}`,
    `--service-account-signing-key-file=${input("service-account.key")}`,
    `--disable-admission-plugins=${IDLE_ADMISSION_PLUGINS.join(",")}`,
    "--enable-priority-and-fairness=false",
    "--endpoint-reconciler-type=none",
    "--profiling=false",
    "--etcd-count-metric-poll-period=0",
    "--etcd-db-metric-poll-interval=0",
  ];
}

/** The files that the flags name. */
async function writeInputs(spec: KubeApiserverSpec, adminToken: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const inputs = {
    "tokens.csv": `${adminToken},admin,admin,system:masters\n`,
    "authentication.json": JSON.stringify(authentication),
    "token-webhook.json": JSON.stringify(tokenWebhook(spec.tokenReviewUrl)),
    "service-account.key": privateKey.export({ type: "sec1", format: "pem" }),
    "service-account.pub": publicKey.export({ type: "spki", format: "pem" }),
  };
  await mkdir(spec.directory, { recursive: true });
  await Promise.all(
    Object.entries(inputs).map(([name, content]) =>
      writeFile(join(spec.directory, name), content, { mode: 0o600 }),
    ),
  );
}

/** Anonymous requests as EKS has them since 1.32: for the health endpoints only ("Anonymous authentication" in its User Guide). */
const authentication = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  anonymous: {
    enabled: true,
    conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }],
  },
};

/** A kubeconfig is how kube-apiserver is told about a webhook. */
function tokenWebhook(server: string): object {
  const name = "aws";
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: {} }],
  };
}

/** kube-apiserver makes its own CA at the first start; its certificate stands below the server's. */
async function servingCa(directory: string): Promise<string> {
  const chain = await readFile(join(directory, "certificates", "apiserver.crt"), "utf8");
  const ca = chain.slice(chain.lastIndexOf("-----BEGIN CERTIFICATE-----"));
  return Buffer.from(ca).toString("base64");
}
