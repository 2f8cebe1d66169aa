import { clusterKey } from "../../model/cluster.ts";
import { keyOf } from "../../model/serviceAccount.ts";
import type { Decision } from "../../plan/types.ts";
import type { PlannedCluster } from "../../program/planned.ts";
import { isChange } from "../update/touched.ts";

/** A change that an update was asked for and that did not come about. */
export interface Attempt {
  /** What was asked for; another wish for the same ServiceAccount is not held back. */
  readonly change: string;
  /** In a row, 1 or more. */
  readonly failures: number;
  /** Not tried again before, milliseconds since the epoch. */
  readonly retryAt: number;
}

/** Changes by the cluster and ServiceAccount that they are for. */
export type Changes = ReadonlyMap<string, string>;
/** Attempts that failed, by the same. */
export type Attempts = ReadonlyMap<string, Attempt>;

/** What the plans ask for. */
export function changesOf(planned: readonly PlannedCluster[]): Changes {
  return new Map(
    planned.flatMap((cluster) =>
      cluster.plan.decisions
        .filter(isChange)
        .map((decision) => [rowKey(cluster, decision), changeText(decision)] as const),
    ),
  );
}

/**
 * The attempts after an update, or after a plan without one: what was tried and
 * is still asked for has failed once more, whatever the engine said of it;
 * what is asked for no more is forgotten.
 * @param tried what the update was to do
 * @param left what the plan after it asks for
 * @param retryAt when a change is tried again that failed so often in a row
 */
export function withAttempts(
  attempts: Attempts,
  tried: Changes,
  left: Changes,
  retryAt: (failures: number) => number,
): Attempts {
  const next = new Map<string, Attempt>();
  for (const [key, change] of left) {
    const before = attempts.get(key);
    const known = before?.change === change ? before : undefined;
    if (tried.get(key) === change) {
      const failures = (known?.failures ?? 0) + 1;
      next.set(key, { change, failures, retryAt: retryAt(failures) });
    } else if (known !== undefined) next.set(key, known);
  }
  return next;
}

/** The plans without the changes that wait for their next attempt. */
export function withoutWaiting(
  planned: readonly PlannedCluster[],
  attempts: Attempts,
  now: number,
): readonly PlannedCluster[] {
  if (attempts.size === 0) return planned;
  return planned.map((cluster) => {
    const decisions = cluster.plan.decisions.filter((decision) => {
      const attempt = attempts.get(rowKey(cluster, decision));
      return attempt === undefined || attempt.retryAt <= now || attempt.change !== changeText(decision);
    });
    return { ...cluster, plan: { ...cluster.plan, decisions } };
  });
}

/** When the first of them is tried again; undefined: there is none. */
export function nextRetry(attempts: Attempts): number | undefined {
  if (attempts.size === 0) return undefined;
  return Math.min(...Array.from(attempts.values(), ({ retryAt }) => retryAt));
}

function rowKey({ plan }: PlannedCluster, decision: Decision): string {
  return `${clusterKey(plan.cluster)} ${keyOf(decision)}`;
}

/** The reason is left out: its words may differ where the change is the same. A role that is trusted now is news. */
function changeText({ action, associationId, declared, drifted, warns }: Decision): string {
  return JSON.stringify([action, associationId, declared, drifted, warns]);
}
