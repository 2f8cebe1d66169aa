import { z } from "zod";
import type { LiveAssociation } from "../../model/association.ts";
import type { ClusterRef } from "../../model/cluster.ts";
import type { Decision } from "../../plan/types.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import { isPurged } from "../../program/stale.ts";
import { ASSOCIATION_TYPE } from "../../program/state.ts";
import type { AssociationChange } from "../types.ts";
import type { EngineStep } from "./steps.ts";
import { associationUrn, staleAssociationsUrn } from "./touched.ts";

const UNCHANGED: ReadonlySet<string> = new Set(["same", "read"]);

const purgedSchema = z.looseObject({ deleted: z.array(z.string()) });
const outputsSchema = z.looseObject({ associationId: z.string() });

/** What an update did for one decision. */
export interface Outcome {
  readonly cluster: ClusterRef;
  readonly decision: Decision;
  readonly change: AssociationChange["operation"];
  readonly error?: string;
  /** The association as it is now; absent where it was deleted or the update failed. */
  readonly association?: LiveAssociation;
}

/** Joins the engine's steps with the decisions that asked for them; a decision without a step has no outcome. */
export function outcomesOf(
  planned: readonly PlannedCluster[],
  steps: readonly EngineStep[],
  stack: string,
): readonly Outcome[] {
  const byUrn = new Map(steps.map((step) => [step.urn, step]));
  return planned.flatMap(({ plan }) =>
    plan.decisions.flatMap((decision) => {
      const purged = isPurged(decision);
      const urn = purged
        ? staleAssociationsUrn(stack, plan.cluster)
        : associationUrn(stack, plan.cluster, decision);
      const step = byUrn.get(urn);
      if (step === undefined) return [];
      return purged ? purgeOf(plan.cluster, decision, step) : outcomeOf(plan.cluster, decision, step);
    }),
  );
}

/**
 * What an update did to associations, by the engine's word for it; providers
 * and the like are nobody's news. What was purged counts as deleted.
 */
export function countChanges(
  steps: readonly EngineStep[],
  outcomes: readonly Outcome[],
): Readonly<Record<string, number>> {
  const done = steps.filter(
    ({ urn, operation, failed }) =>
      !failed && !UNCHANGED.has(operation) && urn.includes(`$${ASSOCIATION_TYPE}::`),
  );
  const purged = outcomes.filter(({ decision, change }) => isPurged(decision) && change === "deleted");
  const counts: Record<string, number> = {};
  for (const operation of [...done.map((step) => step.operation), ...purged.map(() => "delete")]) {
    counts[operation] = (counts[operation] ?? 0) + 1;
  }
  return counts;
}

function outcomeOf(cluster: ClusterRef, decision: Decision, step: EngineStep): readonly Outcome[] {
  const base = { cluster, decision };
  if (step.failed) {
    return [{ ...base, change: "failed", ...(step.error === undefined ? {} : { error: step.error }) }];
  }
  if (step.operation === "delete") return [{ ...base, change: "deleted" }];
  const change = operationOf(decision, step.operation);
  const outputs = outputsSchema.safeParse(step.outputs);
  const { namespace, name, declared } = decision;
  if (change === undefined || !outputs.success || declared === undefined) return [];
  const { spec, tags } = declared;
  return [{ ...base, change, association: { id: outputs.data.associationId, namespace, name, spec, tags } }];
}

/** All stale associations of a cluster are one resource; what it spared after a second look has no outcome. */
function purgeOf(cluster: ClusterRef, decision: Decision, step: EngineStep): readonly Outcome[] {
  if (step.failed) return outcomeOf(cluster, decision, step);
  const outputs = purgedSchema.safeParse(step.outputs);
  const { associationId } = decision;
  const isGone =
    associationId !== undefined && outputs.success && outputs.data.deleted.includes(associationId);
  return isGone && step.operation !== "same" ? [{ cluster, decision, change: "deleted" }] : [];
}

function operationOf(decision: Decision, operation: string): AssociationChange["operation"] | undefined {
  if (decision.action === "adopt") return "adopted";
  if (operation === "create" || operation === "create-replacement") return "created";
  return operation === "update" ? "updated" : undefined;
}
