import type { ClusterRef } from "../../src/model/cluster.ts";
import { HOME } from "./scene.ts";

// Five clusters in three accounts and two regions; two have the same name.
const B = "222222222222";
const C = "333333333333";
export const shop: ClusterRef = { name: "shop-prod", region: "us-east-1", account: HOME };
export const shopTest: ClusterRef = { name: "shop-test", region: "us-east-1", account: HOME };
export const shopOfB: ClusterRef = { name: "shop-prod", region: "us-east-1", account: B };
export const ops: ClusterRef = { name: "ops", region: "eu-west-1", account: B };
export const data: ClusterRef = { name: "data", region: "eu-west-1", account: C };

/** Annotation keys that only some entries look at. */
export const OTHER_KEY = "example.com/role";
export const OTHER_TARGET = "example.com/target";

/** The role that the environment's credentials may assume in an account. */
export function syncRole(account: string): string {
  return `arn:aws:iam::${account}:role/pod-identity-sync`;
}

/**
 * An entry for each cluster but `shopTest`, no two with the same fields; more fields, or others, as given.
 * @param local kubeconfig and context for `data`
 */
export function fleetEntries(
  local: { readonly kubeconfig: string | undefined; readonly context: string },
  changes: Partial<Record<"shop" | "shopOfB" | "ops" | "data", object>> = {},
) {
  return {
    shop: {
      region: shop.region,
      cluster_name: "_-test$",
      pod_identity_association_tags: { owner: "platform", stage: "live" },
      exclude_service_accounts: [{ namespace: "^kube-" }, { namespace: "^team$", name: "^elsewhere$" }],
      restrict_roles: [
        { role_arn: "role/admin$", allow: [{ namespace: "^ops$", name: "^boss$" }] },
        { role_arn: "role/worker$" },
        { role_arn: "role/(worker|admin)$", allow: [{}] },
      ],
      ...changes.shop,
    },
    shopOfB: {
      region: shopOfB.region,
      cluster_name: "^shop-prod$",
      role_arn: syncRole(B),
      annotation: OTHER_KEY,
      force_iterative_association_discovery: true,
      max_concurrency: 2,
      ...changes.shopOfB,
    },
    ops: {
      region: ops.region,
      cluster_name: "op",
      role_arn: syncRole(B),
      target_role_annotation: OTHER_TARGET,
      ...changes.ops,
    },
    data: {
      region: data.region,
      cluster_name: "data",
      role_arn: syncRole(C),
      self: true,
      ...local,
      service_account_reads: "list",
      ...changes.data,
    },
  };
}
