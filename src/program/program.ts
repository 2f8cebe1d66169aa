import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/config.ts";
import { type DiscoveredCluster, type Discovery, discover, scopeOf } from "../discovery/discover.ts";
import { clusterKey } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";
import { keepRecorded } from "../plan/keepRecorded.ts";
import { planCluster } from "../plan/planCluster.ts";
import type { ClusterPlan } from "../plan/types.ts";
import { declareCluster, type ServiceAccountSource } from "./declare.ts";
import { awsProviderPool } from "./providers.ts";
import { reportPlan, reportProblem } from "./report.ts";
import type { RecordedCluster } from "./state.ts";

/** What the program exports, the same after every update that leaves the same associations. */
export interface ProgramOutputs {
  /** How many associations the stack holds in each cluster, by `account/region/name`. */
  readonly associations: Readonly<Record<string, number>>;
}

/**
 * The program: discovers, plans and declares.
 * Throws UserError, before anything is declared or deleted, where nothing at
 * all could be read.
 * @param recorded what the stack's state holds, by cluster key
 * @param allowedDeletions deletions that a person allowed for this run
 */
export async function runProgram(
  config: Config,
  recorded: ReadonlyMap<string, RecordedCluster>,
  allowedDeletions: number | undefined,
): Promise<ProgramOutputs> {
  const discovery = await discover(config, idsOf(recorded));
  stopIfNothingWasRead(discovery);
  for (const problem of discovery.problems) reportProblem(problem);

  const providerOf = awsProviderPool();
  const plans: ClusterPlan[] = [];
  for (const cluster of discovery.clusters) {
    const plan = planDiscovered(cluster, recorded, allowedDeletions);
    declareCluster(plan, providerOf(scopeOf(cluster.entry)), sourceOf(cluster));
    plans.push(plan);
  }
  const found = new Set(discovery.clusters.map((cluster) => clusterKey(cluster.ref)));
  for (const [key, { cluster, associations }] of recorded) {
    const [first] = associations;
    if (found.has(key) || first === undefined) continue;
    const plan = keepRecorded(cluster, associations, notSelected(discovery));
    declareCluster(plan, providerOf(first.provider));
    plans.push(plan);
  }
  for (const plan of plans) reportPlan(plan);
  return { associations: countDeclared(plans) };
}

function idsOf(recorded: ReadonlyMap<string, RecordedCluster>): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...recorded].map(([key, { associations }]) => [key, new Set(associations.map(({ id }) => id))]),
  );
}

/** One cluster out of many that can't be read is reported; where there is nothing else, it is the run's failure. */
function stopIfNothingWasRead({ clusters, problems }: Discovery): void {
  const failures = clusters.flatMap((cluster) => {
    const failed = [cluster.associations, cluster.serviceAccounts].find(({ state }) => state === "failed");
    return failed?.state === "failed" ? [`cluster ${clusterKey(cluster.ref)}: ${failed.reason}`] : [];
  });
  if (clusters.length > failures.length) return;
  const all = [...problems.map(({ where, message }) => `${where}: ${message}`), ...failures];
  if (all.length > 0) throw new UserError(all.join("\n"));
}

function planDiscovered(
  cluster: DiscoveredCluster,
  recorded: ReadonlyMap<string, RecordedCluster>,
  allowedDeletions: number | undefined,
): ClusterPlan {
  return planCluster({
    cluster: cluster.ref,
    rules: cluster.entry.rules,
    serviceAccounts: cluster.serviceAccounts,
    associations: cluster.associations,
    recorded: recorded.get(clusterKey(cluster.ref))?.associations ?? [],
    roleTrust: new Map(),
    ...(allowedDeletions === undefined ? {} : { allowedDeletions }),
  });
}

function sourceOf({ access, entry }: DiscoveredCluster): ServiceAccountSource {
  return { access, rules: entry.rules, reads: entry.serviceAccountReads };
}

function notSelected({ problems }: Discovery): string {
  return problems.length > 0
    ? "the cluster was not found in this run, and not all of the configuration could be read"
    : 'no entry of the configuration selects this cluster; its associations stay (to let go of them: "pulumi state delete"; to delete them: "pulumi destroy --target")';
}

function countDeclared(plans: readonly ClusterPlan[]): Record<string, number> {
  const counts = plans.map((plan): [string, number] => [
    clusterKey(plan.cluster),
    plan.decisions.filter((decision) => decision.declared !== undefined).length,
  ]);
  return Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A failure that the user can mend is shown as its message alone; any other with its stack trace. */
export async function showingUserErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError && process.env.LOG_LEVEL !== "debug") {
      throw new pulumi.RunError(error.message);
    }
    throw error;
  }
}
