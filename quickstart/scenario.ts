import type { ClusterRef } from "../src/model/cluster.ts";

/** A ServiceAccount of the scenario; `role` is the annotation's value, absent where there is no annotation. */
export interface ScenarioAccount {
  readonly namespace: string;
  readonly name: string;
  readonly role?: string;
}

/** A cluster of the scenario with its ServiceAccounts. */
export interface ScenarioCluster {
  readonly ref: ClusterRef;
  readonly serviceAccounts: readonly ScenarioAccount[];
}

const east = { name: "demo-east", region: "us-east-1", account: "111111111111" };
const west = { name: "demo-west", region: "eu-west-1", account: "222222222222" };

/** The ARN of one of the scenario's roles, in the cluster's account. */
export function roleOf(cluster: ClusterRef, name: string): string {
  return `arn:aws:iam::${cluster.account}:role/${name}`;
}

/** The role that the stack assumes to reach an account that is not its credentials' own. */
export function syncRole(account: string): string {
  return `arn:aws:iam::${account}:role/pod-identity-sync`;
}

/** Roles that exist in each account and that Pod Identity may assume. */
export const roleNames = ["shop-api", "shop-worker", "billing", "reports", "dns", "backup"] as const;

function accounts(cluster: ClusterRef, annotated: readonly (readonly [string, string, string])[]) {
  return annotated.map(([namespace, name, role]) => ({ namespace, name, role: roleOf(cluster, role) }));
}

/** Two clusters in two accounts and regions, with some twenty ServiceAccounts between them. */
export const scenario: readonly ScenarioCluster[] = [
  {
    ref: east,
    serviceAccounts: [
      ...accounts(east, [
        ["shop", "api", "shop-api"],
        ["shop", "worker", "shop-worker"],
        ["shop", "mailer", "shop-worker"],
        ["billing", "invoices", "billing"],
        ["billing", "ledger", "billing"],
        ["reports", "nightly", "reports"],
        ["infra", "external-dns", "dns"],
        ["infra", "backup", "backup"],
      ]),
      { namespace: "shop", name: "default" },
      { namespace: "billing", name: "default" },
      // Reported and skipped; the others go on.
      { namespace: "reports", name: "mistyped", role: "arn:aws:iam::1111:role/reports" },
    ],
  },
  {
    ref: west,
    serviceAccounts: [
      ...accounts(west, [
        ["shop", "api", "shop-api"],
        ["shop", "worker", "shop-worker"],
        ["billing", "invoices", "billing"],
        ["reports", "nightly", "reports"],
        ["infra", "external-dns", "dns"],
        ["infra", "backup", "backup"],
      ]),
      { namespace: "shop", name: "default" },
      { namespace: "infra", name: "default" },
    ],
  },
];

/** One entry for each cluster: found by name, in its region, through its account's role. */
export const configuration: readonly object[] = [
  { region: east.region, cluster_name: "^demo-" },
  { region: west.region, cluster_name: "^demo-", role_arn: syncRole(west.account) },
];

/** One thing that people do to ServiceAccounts, and the step's title. */
export type Change =
  | { readonly kind: "add"; readonly cluster: ClusterRef; readonly account: Required<ScenarioAccount> }
  | { readonly kind: "re-role"; readonly cluster: ClusterRef; readonly account: Required<ScenarioAccount> }
  | { readonly kind: "remove"; readonly cluster: ClusterRef; readonly account: ScenarioAccount };

/** What happens after the first update: one of each. */
export const changes: readonly Change[] = [
  {
    kind: "add",
    cluster: east,
    account: { namespace: "shop", name: "preview-1212", role: roleOf(east, "shop-api") },
  },
  {
    kind: "re-role",
    cluster: east,
    account: { namespace: "billing", name: "ledger", role: roleOf(east, "reports") },
  },
  { kind: "remove", cluster: west, account: { namespace: "infra", name: "backup" } },
];

/** What EKS should hold: `namespace/name` and role, by cluster name. */
export type Expected = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The associations that the scenario asks for, before and after its changes. */
export function expectedAssociations(changed: "before changes" | "after changes"): Expected {
  const expected = new Map<string, Map<string, string>>();
  for (const { ref, serviceAccounts } of scenario) {
    const wanted = serviceAccounts.filter(({ name }) => name !== "mistyped");
    const roles = wanted.flatMap(({ namespace, name, role }): [string, string][] =>
      role === undefined ? [] : [[`${namespace}/${name}`, role]],
    );
    expected.set(ref.name, new Map(roles));
  }
  if (changed === "before changes") return expected;
  for (const change of changes) {
    const key = `${change.account.namespace}/${change.account.name}`;
    const cluster = expected.get(change.cluster.name);
    if (change.kind === "remove") cluster?.delete(key);
    else cluster?.set(key, change.account.role);
  }
  return expected;
}
