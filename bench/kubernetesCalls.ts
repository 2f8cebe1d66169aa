import { isDeepStrictEqual } from "node:util";
import { withApiClient } from "../sandbox/controlPlane/apiClient.ts";
import type { RunningCluster } from "../sandbox/index.ts";

/** What the daemon may ask an API server for; Leases only with leader election, and API servers have their own. */
const RESOURCES = new Set(["serviceaccounts", "events"]);

const UNASKED_MS = 1_000;

/**
 * How many calls the API servers were asked, of the kinds that the daemon makes, by verb and resource; a watch counts
 * once it has ended. From the API server's own counter, `apiserver_request_total`.
 */
export async function kubernetesCalls(clusters: readonly RunningCluster[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const cluster of clusters) {
    const text = await withApiClient(cluster, (api) => api.expect("GET", "/metrics"));
    for (const [, labels = "", value] of text.matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm)) {
      const resource = /(?:^|,)resource="([^"]*)"/.exec(labels)?.[1] ?? "";
      const verb = /(?:^|,)verb="([^"]*)"/.exec(labels)?.[1] ?? "";
      if (!RESOURCES.has(resource)) continue;
      const key = `${verb} ${resource}`;
      counts.set(key, (counts.get(key) ?? 0) + Number(value));
    }
  }
  return counts;
}

/** Settles when nothing is asked of the API servers any more: Events of a big update are written for a while. */
export async function untilUnasked(clusters: readonly RunningCluster[]): Promise<Map<string, number>> {
  let counts = await kubernetesCalls(clusters);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, UNASKED_MS));
    const now = await kubernetesCalls(clusters);
    if (isDeepStrictEqual(now, counts)) return now;
    counts = now;
  }
}
