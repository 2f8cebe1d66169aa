import { z } from "zod";
import { clusterKey } from "../../model/cluster.ts";
import { keyOf } from "../../model/serviceAccount.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import { isPurged } from "../../program/stale.ts";
import { inOrder, type RecordedCluster, readOutputs } from "../../program/state.ts";
import type { EngineStep } from "./steps.ts";
import { associationUrn } from "./touched.ts";

/** Operations after which the state holds the outputs that the engine told. */
const WRITTEN: ReadonlySet<string> = new Set(["create", "update", "import", "same"]);

/**
 * What the state holds after an update of single associations, told by what it
 * did: to read the state takes half a second for 1,000 resources, and events
 * wait meanwhile. Undefined where it does not follow for certain.
 * @param recorded what it held before, by cluster key
 * @param planned what the update was to touch, all of it successfully
 */
export function recordedAfter(
  recorded: ReadonlyMap<string, RecordedCluster>,
  planned: readonly PlannedCluster[],
  steps: readonly EngineStep[],
  stack: string,
): ReadonlyMap<string, RecordedCluster> | undefined {
  const byUrn = new Map(steps.map((step) => [step.urn, step]));
  const after = new Map(recorded);
  for (const cluster of planned) {
    const key = clusterKey(cluster.plan.cluster);
    const changed = clusterAfter(recorded.get(key), cluster, byUrn, stack);
    if (changed === undefined) return undefined;
    if (changed.associations.length === 0 && changed.stale === undefined) after.delete(key);
    else after.set(key, changed);
  }
  return after;
}

function clusterAfter(
  before: RecordedCluster | undefined,
  { plan, scope }: PlannedCluster,
  byUrn: ReadonlyMap<string, EngineStep>,
  stack: string,
): RecordedCluster | undefined {
  const associations = new Map((before?.associations ?? []).map((known) => [keyOf(known), known]));
  for (const decision of plan.decisions) {
    const step = byUrn.get(associationUrn(stack, plan.cluster, decision));
    if (isPurged(decision) || step === undefined || step.failed) return undefined;
    if (step.operation === "delete") associations.delete(keyOf(decision));
    else {
      if (!WRITTEN.has(step.operation)) return undefined;
      const written = readOutputs(step.outputs, () => scope);
      if (written instanceof z.ZodError) return undefined;
      associations.set(keyOf(decision), written);
    }
  }
  return { ...before, cluster: plan.cluster, associations: inOrder(associations.values()) };
}
