import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import type { ClusterRef } from "../src/model/cluster.ts";
import { type AwsSimulator, startAwsSimulator } from "./aws/simulator.ts";
import { accessEntries, addAccounts } from "./awsAccounts.ts";
import { type RunningCluster, startCluster } from "./cluster.ts";
import { startEtcd } from "./controlPlane/etcd.ts";
import { contextName, kubeconfigText } from "./controlPlane/kubeconfig.ts";
import { createOwnedDirectory, type OwnedDirectory } from "./controlPlane/ownedDirectory.ts";
import type { OwnedProcess } from "./controlPlane/ownedProcess.ts";

export type { AwsSimulator } from "./aws/simulator.ts";
export type { RunningCluster } from "./cluster.ts";
export { StartError } from "./controlPlane/readiness.ts";

/** A cluster of the sandbox: an API server of its own, and its entry in the simulated EKS. */
export type SandboxCluster = ClusterRef;

/** What a sandbox holds, and what it runs. */
export interface SandboxOptions {
  /** No two with the same account, region and name. */
  readonly clusters: readonly SandboxCluster[];
  /** Paths of the programs. */
  readonly tools: { readonly kubeApiserver: string; readonly etcd: string };
  /** The account of the environment's credentials; 111111111111 where it is not given. */
  readonly baseAccount?: string;
  /** Names of IAM roles for pods: each exists in every account and trusts EKS Pod Identity. */
  readonly roles?: readonly string[];
  /** Is told what happens, a line at a time. */
  readonly progress?: (line: string) => void;
}

/** Clusters and a simulated AWS that run on this machine, until `stop` or the end of this process. */
export interface Sandbox {
  readonly aws: AwsSimulator;
  /** In the order of the options. */
  readonly clusters: readonly RunningCluster[];
  /** Data, logs and kubeconfigs; removed at the end. */
  readonly directory: string;
  /** What AWS and Kubernetes programs need to use the sandbox, over their process' own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends all processes and removes the directory; settles when nothing is left. May be called again. */
  stop(): Promise<void>;
}

const DEFAULT_BASE_ACCOUNT = "111111111111";
const DEFAULT_REGION = "us-east-1";

/**
 * Starts etcd, an API server for each cluster, and the AWS simulator, and introduces them to each other. The
 * processes end with this one, however it ends. Throws StartError where a program does not start; nothing is left then.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const parts: Parts = { apiServers: [] };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopParts(parts);
    return stopped;
  };
  try {
    return { ...(await startParts(options, parts)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What has to be stopped, as far as it has been started. */
interface Parts {
  directory?: OwnedDirectory;
  aws?: AwsSimulator;
  etcd?: OwnedProcess;
  readonly apiServers: OwnedProcess[];
}

async function startParts(options: SandboxOptions, parts: Parts): Promise<Omit<Sandbox, "stop">> {
  const { clusters, tools, baseAccount = DEFAULT_BASE_ACCOUNT, progress = () => undefined } = options;
  parts.directory = await createOwnedDirectory("pod-identity-sandbox-");
  const directory = parts.directory.path;
  const aws = await startAwsSimulator();
  parts.aws = aws;
  const accounts = clusters.map(({ account }) => account);
  const credentials = addAccounts(aws.world, baseAccount, accounts, options.roles ?? []);
  progress("starting etcd");
  const etcd = await startEtcd(tools.etcd, directory);
  parts.etcd = etcd.process;

  const surroundings = {
    kubeApiserver: tools.kubeApiserver,
    etcd,
    directory,
    tokenReviewUrl: aws.tokenReviewUrl,
    onStarted: (process: OwnedProcess) => void parts.apiServers.push(process),
  };
  let ready = 0;
  const progressOfStarts = () => progress(`starting API servers: ${ready} of ${clusters.length} ready`);
  progressOfStarts();
  const running = await startAll(clusters, async (ref) => {
    const cluster = await startCluster(ref, contextName(ref, clusters), surroundings);
    aws.world.addCluster({
      ...ref,
      endpoint: cluster.server,
      caData: cluster.caData,
      accessEntries: accessEntries(aws.world, ref, baseAccount),
    });
    ready += 1;
    progressOfStarts();
    return cluster;
  });

  const kubeconfig = join(directory, "kubeconfig.yaml");
  await writeFile(kubeconfig, kubeconfigText(running), { mode: 0o600 });
  const environment = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: clusters[0]?.region ?? DEFAULT_REGION,
    // A machine in the cloud would offer credentials of its own.
    AWS_EC2_METADATA_DISABLED: "true",
    KUBECONFIG: kubeconfig,
  };
  return { aws, clusters: running, directory, environment };
}

/** Starts some clusters at a time. Where one fails, waits for those under way, starts no more, and throws its error. */
async function startAll(
  clusters: readonly SandboxCluster[],
  startOne: (ref: SandboxCluster) => Promise<RunningCluster>,
): Promise<readonly RunningCluster[]> {
  // A start waits about as long as it computes.
  const limit = pLimit({ concurrency: 2 * availableParallelism(), rejectOnClear: true });
  const starts = clusters.map((ref) =>
    limit(startOne, ref).catch((error: unknown) => {
      limit.clearQueue();
      throw error;
    }),
  );
  // The queue keeps the order: the failure comes before the starts that it prevented.
  return (await Promise.allSettled(starts)).map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** Stops users before what they use, and all of them even where one can't be stopped; throws then. */
async function stopParts({ apiServers, etcd, aws, directory }: Parts): Promise<void> {
  const outcomes = [
    ...(await Promise.allSettled(apiServers.map((process) => process.stop()))),
    ...(await Promise.allSettled([etcd?.stop(), aws?.close()])),
    ...(await Promise.allSettled([directory?.remove()])),
  ];
  const errors = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason);
  if (errors.length > 0)
    throw new AggregateError(errors, `the sandbox could not be stopped: ${errors.join("; ")}`);
}
