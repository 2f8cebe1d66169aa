import type { Action, ClusterPlan, Decision } from "./types.ts";

/** How many decisions of each action a plan holds. */
export type ActionCounts = Readonly<Record<Action, number>>;

/** Counts the decisions of one or many clusters; every action is there, with 0 where there is none. */
export function countActions(plans: readonly ClusterPlan[]): ActionCounts {
  const counts: Record<Action, number> = {
    create: 0,
    adopt: 0,
    update: 0,
    unchanged: 0,
    keep: 0,
    delete: 0,
    purge: 0,
    conflict: 0,
    ignore: 0,
  };
  for (const plan of plans) for (const { action } of plan.decisions) counts[action] += 1;
  return counts;
}

/** True where an update of the stack, or a purge, would change something in AWS or in the state. */
export function hasChanges(plan: ClusterPlan): boolean {
  const { create, adopt, update, delete: deletes, purge } = countActions([plan]);
  return create + adopt + update + deletes + purge > 0;
}

/** A change, as `pod-identity plan -o json` prints it. */
export interface ChangeJson {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  readonly roleArn?: string;
  readonly associationId?: string;
}

/** What is left as it is though there is something to say: `keep`, `conflict` and `ignore`. */
export interface IgnoredJson {
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
}

/** One cluster, as `pod-identity plan -o json` prints it. What is unchanged appears nowhere. */
export interface ClusterPlanJson {
  readonly name: string;
  readonly create: readonly ChangeJson[];
  readonly adopt: readonly ChangeJson[];
  readonly update: readonly ChangeJson[];
  readonly delete: readonly ChangeJson[];
  readonly purge: readonly ChangeJson[];
  readonly ignored: readonly IgnoredJson[];
  readonly blocked?: string;
}

/** The machine-readable form of plans, a cluster each, in the order given. */
export function planJson(plans: readonly ClusterPlan[]): { readonly clusters: readonly ClusterPlanJson[] } {
  return { clusters: plans.map(clusterJson) };
}

function clusterJson({ cluster, decisions, blocked }: ClusterPlan): ClusterPlanJson {
  const changes = (action: Action): readonly ChangeJson[] =>
    decisions.filter((decision) => decision.action === action).map(changeJson);
  const ignored = decisions.filter(({ action }) => ["keep", "conflict", "ignore"].includes(action));
  return {
    name: cluster.name,
    create: changes("create"),
    adopt: changes("adopt"),
    update: changes("update"),
    delete: changes("delete"),
    purge: changes("purge"),
    ignored: ignored.map(({ namespace, name, reason }) => ({ namespace, name, reason })),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

function changeJson({ namespace, name, roleArn, associationId }: Decision): ChangeJson {
  return {
    namespace,
    name,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(associationId === undefined ? {} : { associationId }),
  };
}
