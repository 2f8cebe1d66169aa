import type { ServiceAccount, ServiceAccountRef } from "../src/model/serviceAccount.ts";
import { type ApiServer, withApiClient } from "./controlPlane/apiClient.ts";

const ALREADY_THERE = [409];
const ALREADY_GONE = [404];

/** Creates ServiceAccounts, and their namespaces where these are missing. Throws where one is there already. */
export async function createServiceAccounts(
  cluster: ApiServer,
  serviceAccounts: readonly ServiceAccount[],
): Promise<void> {
  const namespaces = new Set(serviceAccounts.map(({ namespace }) => namespace));
  await withApiClient(cluster, async (api) => {
    await settled(
      Array.from(namespaces, (name) =>
        api.expect("POST", "/api/v1/namespaces", { metadata: { name } }, ALREADY_THERE),
      ),
    );
    await settled(
      serviceAccounts.map(({ namespace, name, annotations }) =>
        api.expect("POST", collection(namespace), { metadata: { name, annotations } }),
      ),
    );
  });
}

/** Sets annotations of a ServiceAccount; a null removes one. Throws where there is no such ServiceAccount. */
export async function annotateServiceAccount(
  cluster: ApiServer,
  ref: ServiceAccountRef,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  await withApiClient(cluster, (api) => api.expect("PATCH", item(ref), { metadata: { annotations } }));
}

/** Deletes ServiceAccounts, as far as they are there. */
export async function deleteServiceAccounts(
  cluster: ApiServer,
  refs: readonly ServiceAccountRef[],
): Promise<void> {
  await withApiClient(cluster, (api) =>
    settled(refs.map((ref) => api.expect("DELETE", item(ref), undefined, ALREADY_GONE))),
  );
}

/** Waits for all, so that no request is under way when the first error is thrown. */
async function settled(requests: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(requests)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

function collection(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/serviceaccounts`;
}

function item({ namespace, name }: ServiceAccountRef): string {
  return `${collection(namespace)}/${name}`;
}
