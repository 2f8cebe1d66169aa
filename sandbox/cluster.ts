import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClusterRef, clusterKey } from "../src/model/cluster.ts";
import { type ApiServer, withApiClient } from "./controlPlane/apiClient.ts";
import type { Etcd } from "./controlPlane/etcd.ts";
import { startKubeApiserver } from "./controlPlane/kubeApiserver.ts";
import { kubeconfigText } from "./controlPlane/kubeconfig.ts";
import type { OwnedProcess } from "./controlPlane/ownedProcess.ts";
import { grantSyncRights } from "./controlPlane/rbac.ts";

/** A cluster whose API server is ready. */
export interface RunningCluster extends ApiServer {
  readonly ref: ClusterRef;
  /** Its name in the sandbox's kubeconfig: the cluster's name, or its key where two clusters share the name. */
  readonly context: string;
  /** A kubeconfig for this cluster alone, with the administrator's rights. */
  readonly adminKubeconfigPath: string;
}

/** What the clusters of a sandbox share. */
export interface ClusterSurroundings {
  /** Path of the program. */
  readonly kubeApiserver: string;
  readonly etcd: Etcd;
  /** Each cluster has a directory of its own in it. */
  readonly directory: string;
  readonly tokenReviewUrl: (ref: ClusterRef) => string;
  /** Is told of the API server as soon as it runs, so that it can be stopped. */
  readonly onStarted: (process: OwnedProcess) => void;
}

/** Starts the API server of a cluster and gives the project's group its rights there. Throws StartError. */
export async function startCluster(
  ref: ClusterRef,
  context: string,
  surroundings: ClusterSurroundings,
): Promise<RunningCluster> {
  const directory = join(surroundings.directory, clusterKey(ref));
  const { process, ...apiServer } = await startKubeApiserver({
    file: surroundings.kubeApiserver,
    clusterName: ref.name,
    directory,
    etcdUrl: surroundings.etcd.url,
    etcdPrefix: `/${clusterKey(ref)}`,
    tokenReviewUrl: surroundings.tokenReviewUrl(ref),
  });
  surroundings.onStarted(process);
  await withApiClient(apiServer, grantSyncRights);
  const adminKubeconfigPath = join(directory, "kubeconfig.yaml");
  await writeFile(adminKubeconfigPath, kubeconfigText([{ ...apiServer, context }]), { mode: 0o600 });
  return { ...apiServer, ref, context, adminKubeconfigPath };
}
