import { ApiException, CoreV1Api, type KubeConfig, type V1ServiceAccount } from "@kubernetes/client-node";
import { z } from "zod";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { within } from "../model/within.ts";
import { kubernetesError, statusOf } from "./errors.ts";
import { serverOf } from "./request.ts";

/** As kubectl: large enough for few calls, small enough for the API server's memory. */
const pageSize = 500;
// One object or page is read in milliseconds; a server that takes this long does not answer.
const readTimeoutMs = 30_000;

/** A whole list, and the version of the cluster's data that it shows: a watch from there on misses nothing. */
export interface ServiceAccountList {
  readonly items: readonly ServiceAccount[];
  readonly resourceVersion: string;
}

/**
 * All ServiceAccounts of a cluster, by pages of one consistent list.
 * Throws UserError where any page fails: part of a list is no list.
 */
export async function listServiceAccounts(config: KubeConfig): Promise<readonly ServiceAccount[]> {
  return (await listServiceAccountsForWatch(config)).items;
}

/** As {@link listServiceAccounts}, with the version that a watch goes on from. */
export async function listServiceAccountsForWatch(config: KubeConfig): Promise<ServiceAccountList> {
  const server = serverOf(config);
  const api = config.makeApiClient(CoreV1Api);
  const items: ServiceAccount[] = [];
  let next: string | undefined;
  for (;;) {
    const page = await listPage(api, server, next);
    const resourceVersion = page?.metadata?.resourceVersion;
    // The client checks no shapes: of a proxy's own page, say, it makes a list without items.
    if (!Array.isArray(page?.items) || !resourceVersion) {
      throw new UserError(
        `${server} answered without a list of ServiceAccounts; check that it is an API server`,
      );
    }
    items.push(...page.items.map((item) => fromApi(item, server)));
    next = page.metadata?._continue || undefined;
    if (next === undefined) return { items, resourceVersion };
  }
}

/**
 * One ServiceAccount as it is now; undefined where the API server says that
 * there is none. Throws UserError for any other answer.
 */
export async function readServiceAccount(
  config: KubeConfig,
  ref: ServiceAccountRef,
): Promise<ServiceAccount | undefined> {
  const server = serverOf(config);
  const call = `get serviceaccount ${keyOf(ref)}`;
  try {
    const { namespace, name } = ref;
    const answer = config.makeApiClient(CoreV1Api).readNamespacedServiceAccount({ namespace, name });
    return fromApi(await within(readTimeoutMs, `${call} at ${server}`, answer), server);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error instanceof UserError ? error : kubernetesError(call, server, error);
  }
}

function fromApi({ metadata }: V1ServiceAccount, server: string): ServiceAccount {
  if (!metadata?.name || !metadata.namespace) {
    throw new UserError(`${server} answered with a ServiceAccount without name or namespace`);
  }
  return { namespace: metadata.namespace, name: metadata.name, annotations: metadata.annotations ?? {} };
}

const goneStatus = z.looseObject({
  reason: z.literal("NotFound"),
  details: z.looseObject({ kind: z.literal("serviceaccounts") }),
});

/** True for the API server's own "not found" alone: a 404 of something in between says nothing of the ServiceAccount. */
function isGone(error: unknown): boolean {
  return (
    error instanceof ApiException && error.code === 404 && goneStatus.safeParse(statusOf(error.body)).success
  );
}

async function listPage(api: CoreV1Api, server: string, next: string | undefined) {
  try {
    const answer = api.listServiceAccountForAllNamespaces({
      limit: pageSize,
      ...(next === undefined ? {} : { _continue: next }),
    });
    return await within(readTimeoutMs, `list serviceaccounts at ${server}`, answer);
  } catch (error) {
    throw error instanceof UserError ? error : kubernetesError("list serviceaccounts", server, error);
  }
}
