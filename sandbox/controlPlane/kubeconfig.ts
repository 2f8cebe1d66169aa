import { stringify } from "yaml";
import { type ClusterRef, clusterKey } from "../../src/model/cluster.ts";
import type { ApiServer } from "./apiClient.ts";

/** A cluster for a kubeconfig. */
export interface KubeconfigEntry extends ApiServer {
  /** Name of the context. */
  readonly context: string;
}

/** The cluster's name where that is unique among `all`, else its key. */
export function contextName(ref: ClusterRef, all: readonly ClusterRef[]): string {
  return all.filter(({ name }) => name === ref.name).length === 1 ? ref.name : clusterKey(ref);
}

/** A kubeconfig with the administrator's rights and a context for each entry; the first is current. */
export function kubeconfigText(entries: readonly KubeconfigEntry[]): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": entries[0]?.context ?? "",
    clusters: entries.map(({ context, server, caData }) => ({
      name: context,
      cluster: { server, "certificate-authority-data": caData },
    })),
    users: entries.map(({ context, adminToken }) => ({ name: context, user: { token: adminToken } })),
    contexts: entries.map(({ context }) => ({ name: context, context: { cluster: context, user: context } })),
  });
}
