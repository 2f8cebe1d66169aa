import { join } from "node:path";
import { POLICY_FOLDER, POLICY_PORT, startServer } from "../../../policy/server.ts";
import type { PlannedCluster } from "../../program/planned.ts";

/** The executable that the engine starts as the policy pack. */
export const POLICY_PACK = join(import.meta.dirname, "..", "..", "..", "policy", "pack");

/**
 * A pack that starts with the update takes a quarter of a second, once; one
 * that judges in this process, which declares meanwhile, takes some
 * milliseconds for each association.
 */
const FEW = 100;

/**
 * Serves the policy pack for as long as this process lives.
 * @param environment of the engine
 * @returns what the CLI's environment must have, besides, for an update of these plans
 */
export async function servePolicies(
  environment: Readonly<Record<string, string>>,
): Promise<(planned: readonly PlannedCluster[]) => Readonly<Record<string, string>>> {
  const port = await startServer(environment);
  return (planned) => {
    const count = planned.reduce((sum, { plan }) => sum + plan.decisions.length, 0);
    return count > FEW ? { [POLICY_FOLDER]: process.cwd() } : { [POLICY_PORT]: String(port) };
  };
}
