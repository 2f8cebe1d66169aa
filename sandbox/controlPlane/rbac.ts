import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { ApiClient } from "./apiClient.ts";
import { within } from "./within.ts";

/** The Kubernetes group whose members may do what the project needs, and no more. */
export const SYNC_GROUP = "pod-identity-sync";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const EFFECTIVE_EVERY_MS = 20;
const EFFECTIVE_WAIT_MS = 20_000;

const rules = [
  { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
];

/** Lets {@link SYNC_GROUP} read ServiceAccounts, write Events and hold Leases; settles when the server acts on it. */
export async function grantSyncRights(api: ApiClient): Promise<void> {
  const metadata = { name: SYNC_GROUP };
  await api.expect("POST", `${RBAC}/clusterroles`, { metadata, rules });
  await api.expect("POST", `${RBAC}/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: SYNC_GROUP },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: SYNC_GROUP }],
  });
  await within(EFFECTIVE_WAIT_MS, `the rights of group ${SYNC_GROUP}`, untilEffective(api));
}

const reviewed = z.object({ status: z.object({ allowed: z.boolean() }) });

/** The authorizer works from a cache that follows the writes. */
async function untilEffective(api: ApiClient): Promise<void> {
  const review = {
    spec: {
      user: SYNC_GROUP,
      groups: [SYNC_GROUP],
      resourceAttributes: { verb: "list", resource: "serviceaccounts" },
    },
  };
  for (;;) {
    const answer = await api.expect("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
    if (reviewed.parse(JSON.parse(answer)).status.allowed) return;
    await delay(EFFECTIVE_EVERY_MS);
  }
}
