import { keyOf } from "../../model/serviceAccount.ts";
import type { HealthReason } from "./health.ts";
import type { ClusterStatus, StackStatus, Status, UpdateRecord } from "./status.ts";
import type { StatusRow } from "./statusRows.ts";

/** What is true only at the moment of sending. */
export interface StatusMoment {
  /** The daemon's clock: milliseconds since the epoch. */
  readonly now: number;
  readonly intervalMs: number;
  /** Why the daemon is not healthy; empty where it is. */
  readonly reasons: readonly HealthReason[];
}

/** The answer of `/api/status`, and the first event of `/api/events`. */
export interface StatusDocument extends StatusMoment, Status {}

/** The rows of a cluster that are not as before, and the keys (`namespace/name`) of those that are gone. */
export interface RowsDelta {
  readonly set: readonly StatusRow[];
  readonly gone: readonly string[];
}

/** A cluster as it is; without `rows`, these are as before. */
export interface ClusterDelta extends Omit<ClusterStatus, "rows"> {
  readonly rows?: RowsDelta;
}

/** A stack as it is; an update that was there before is its id alone. */
export interface StackDelta extends Omit<StackStatus, "clusters" | "updates"> {
  readonly updates: readonly (UpdateRecord | number)[];
  readonly clusters: readonly ClusterDelta[];
}

/** What turns an older document into the present one: all but rows and updates is small, and sent whole. */
export interface StatusDelta extends StatusMoment, Omit<Status, "stacks"> {
  readonly stacks: readonly StackDelta[];
}

/** The delta from one status to a later one; parts that are the same object are taken to be unchanged. */
export function deltaOf(before: Status, after: Status, moment: StatusMoment): StatusDelta {
  const known = new Map(before.stacks.map((stack) => [stack.name, stack]));
  return {
    ...after,
    ...moment,
    stacks: after.stacks.map((stack) => stackDelta(known.get(stack.name), stack)),
  };
}

function stackDelta(before: StackStatus | undefined, after: StackStatus): StackDelta {
  const updates = new Set(before?.updates);
  const clusters = new Map(before?.clusters.map((cluster) => [cluster.key, cluster]));
  return {
    ...after,
    updates: after.updates.map((update) => (updates.has(update) ? update.id : update)),
    clusters: after.clusters.map((cluster) => clusterDelta(clusters.get(cluster.key), cluster)),
  };
}

function clusterDelta(before: ClusterStatus | undefined, { rows, ...after }: ClusterStatus): ClusterDelta {
  if (before?.rows === rows) return after;
  const known = new Set(before?.rows);
  const keys = new Set(rows.map(keyOf));
  return {
    ...after,
    rows: {
      set: rows.filter((row) => !known.has(row)),
      gone: (before?.rows ?? []).map(keyOf).filter((key) => !keys.has(key)),
    },
  };
}
