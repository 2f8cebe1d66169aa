import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/config.ts";
import { type Discovery, discover } from "../discovery/discover.ts";
import { clusterKey } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";
import { declareAll, type ProgramOutputs } from "./declare.ts";
import { planAll } from "./planned.ts";
import { reportPlan, reportProblem } from "./report.ts";
import { idsOf, type RecordedCluster } from "./state.ts";

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
  for (const problem of [...discovery.problems, ...discovery.warnings]) reportProblem(problem);
  const planned = planAll(discovery, recorded, allowedDeletions === undefined ? {} : { allowedDeletions });
  for (const { plan } of planned) reportPlan(plan);
  return declareAll(planned);
}

/**
 * One cluster out of many that can't be read is reported; where nothing else
 * was read, it is the run's failure. That there is nothing to read is none.
 */
function stopIfNothingWasRead({ clusters, problems }: Discovery): void {
  const unread = clusters.flatMap((cluster) => {
    const failed = [cluster.associations, cluster.serviceAccounts].find(({ state }) => state === "failed");
    return failed?.state === "failed" ? [`cluster ${clusterKey(cluster.ref)}: ${failed.reason}`] : [];
  });
  if (clusters.length > unread.length) return;
  const failures = problems.filter(({ kind }) => kind === "failure");
  const all = [...failures.map(({ where, message }) => `${where}: ${message}`), ...unread];
  if (all.length > 0) throw new UserError(all.join("\n"));
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
