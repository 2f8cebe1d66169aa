import { ApiException, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";

/** As kubectl: large enough for few calls, small enough for the API server's memory. */
const pageSize = 500;

/**
 * All ServiceAccounts of a cluster, by pages of one consistent list.
 * Throws UserError where any page fails: part of a list is no list.
 */
export async function listServiceAccounts(config: KubeConfig): Promise<readonly ServiceAccount[]> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new UserError(
      "no Kubernetes cluster is configured here: set KUBECONFIG, or run inside the cluster (self: true)",
    );
  }
  const api = config.makeApiClient(CoreV1Api);
  const found: ServiceAccount[] = [];
  let next: string | undefined;
  do {
    const page = await listPage(api, server, next);
    for (const { metadata } of page.items) {
      if (!metadata?.name || !metadata.namespace) {
        throw new UserError(`${server}: the list holds a ServiceAccount without name or namespace`);
      }
      found.push({
        namespace: metadata.namespace,
        name: metadata.name,
        annotations: metadata.annotations ?? {},
      });
    }
    next = page.metadata?._continue || undefined;
  } while (next !== undefined);
  return found;
}

async function listPage(api: CoreV1Api, server: string, next: string | undefined) {
  try {
    return await api.listServiceAccountForAllNamespaces({
      limit: pageSize,
      ...(next === undefined ? {} : { _continue: next }),
    });
  } catch (error) {
    throw kubernetesError("list serviceaccounts", server, error);
  }
}

const advice: Readonly<Record<number, string>> = {
  401: "the credentials are not admitted: give the AWS principal an access entry in the cluster",
  403: "grant get, list and watch on serviceaccounts to this user",
  410: "the list changed too fast to be read whole; try again",
};

/** A Kubernetes call that failed, as one line. */
export function kubernetesError(call: string, server: string, error: unknown): UserError {
  if (error instanceof ApiException) {
    const status = statusMessage(error.body);
    const hint = advice[error.code];
    const tail = hint === undefined ? "" : `; ${hint}`;
    return new UserError(`${call} at ${server}: ${error.code}${status}${tail}`, { cause: error });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const said =
    cause instanceof Error ? cause.message || ("code" in cause ? String(cause.code) : "") : String(cause);
  return new UserError(
    `${call} at ${server}: ${said.split("\n")[0]}; check that the API server is reachable`,
    {
      cause: error,
    },
  );
}

/** The `message` of the Status object that API servers answer errors with. */
function statusMessage(body: unknown): string {
  try {
    const status: unknown = typeof body === "string" ? JSON.parse(body) : body;
    if (typeof status === "object" && status !== null && "message" in status) return ` ${status.message}`;
  } catch {
    // Not JSON: a proxy's page, say. The code alone must do.
  }
  return "";
}
