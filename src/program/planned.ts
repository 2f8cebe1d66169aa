import type { StaleAssociationsInputs } from "../../provider/inputs.ts";
import type { AwsScope } from "../aws/scope.ts";
import { type SelectedCluster, scopeOf } from "../discovery/clusters.ts";
import type { Discovery } from "../discovery/discover.ts";
import { clusterKey } from "../model/cluster.ts";
import { keepRecorded } from "../plan/keepRecorded.ts";
import { planCluster } from "../plan/planCluster.ts";
import type { ClusterInput, ClusterPlan } from "../plan/types.ts";
import type { ServiceAccountSource } from "./declare.ts";
import { staleAssociationsOf } from "./stale.ts";
import type { RecordedCluster } from "./state.ts";

/** A cluster's plan with all that its declaration needs. */
export interface PlannedCluster {
  readonly plan: ClusterPlan;
  /** Whose provider declares its associations. */
  readonly scope: AwsScope;
  /** Absent where the cluster was not found; then nothing is wanted, only kept. */
  readonly source?: ServiceAccountSource;
  /** See `staleAssociationsOf`. */
  readonly stale: StaleAssociationsInputs | undefined;
}

/** What was found of a selected cluster. */
export type FoundCluster = SelectedCluster &
  Pick<ClusterInput, "serviceAccounts" | "associations" | "roleTrust">;

/** What whoever runs the plan has chosen. */
export type PlanChoices = Pick<ClusterInput, "allowedDeletions" | "missingRoles">;

/** Plans every cluster that was found, and keeps what the state holds of others. */
export function planAll(
  { clusters, problems }: { clusters: readonly FoundCluster[] } & Pick<Discovery, "problems">,
  recorded: ReadonlyMap<string, RecordedCluster>,
  choices: PlanChoices = {},
): readonly PlannedCluster[] {
  const found = new Set(clusters.map((cluster) => clusterKey(cluster.ref)));
  const reason = notSelected(problems.length > 0);
  const others = [...recorded].flatMap(([key, { cluster, associations, stale }]) => {
    const [first] = associations;
    // Without associations only the resource that purges is left; its end touches nothing in AWS.
    if (found.has(key) || (first === undefined && problems.length === 0)) return [];
    const plan = keepRecorded(cluster, associations, reason);
    const scope = first?.provider ?? { region: cluster.region };
    return [{ plan, scope, stale: staleAssociationsOf(plan, undefined, stale) }];
  });
  return [...clusters.map((cluster) => planFound(cluster, recorded, choices)), ...others];
}

function planFound(
  cluster: FoundCluster,
  recorded: ReadonlyMap<string, RecordedCluster>,
  choices: PlanChoices,
): PlannedCluster {
  const { ref, entry, access, serviceAccounts, associations, roleTrust } = cluster;
  const known = recorded.get(clusterKey(ref));
  const plan = planCluster({
    cluster: ref,
    rules: entry.rules,
    serviceAccounts,
    associations,
    recorded: known?.associations ?? [],
    roleTrust,
    ...choices,
  });
  return {
    plan,
    scope: scopeOf(entry),
    source: { access, rules: entry.rules, reads: entry.serviceAccountReads },
    stale: staleAssociationsOf(plan, cluster, known?.stale),
  };
}

function notSelected(partly: boolean): string {
  return partly
    ? "the cluster was not found in this run, and not all of the configuration could be read"
    : 'no entry of the configuration selects this cluster; its associations stay (to let go of them: "pulumi state delete"; to delete them: "pulumi destroy --target")';
}
