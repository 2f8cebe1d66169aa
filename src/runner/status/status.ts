import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import type { ClusterPlan } from "../../plan/types.ts";
import type { AssociationChange, StackProblem, UpdateEnd, UpdateStart, WatchState } from "../types.ts";
import { bringsInSync, isInSync } from "./inSync.ts";
import { rowsAfterChange, rowsOfPlan, type StatusRow } from "./statusRows.ts";

/** What the daemon is doing and how its clusters stand: a value, changed by the functions below. All times are milliseconds since the epoch. */
export interface Status {
  readonly startedAt: number;
  /** Nothing is ever changed in AWS. */
  readonly dry: boolean;
  /** With leader election: whether this process may write. */
  readonly leading?: boolean;
  /** Sorted by name. */
  readonly stacks: readonly StackStatus[];
}

/** One stack. */
export interface StackStatus {
  readonly name: string;
  /** A round has ended without problems. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly running?: UpdateRecord;
  /** Updates that have ended, the last one first. */
  readonly updates: readonly UpdateRecord[];
  /** Sorted by key. */
  readonly clusters: readonly ClusterStatus[];
}

/** A problem, and since when it is there. */
export interface Problem extends StackProblem {
  readonly since: number;
}

/** One cluster of a stack. */
export interface ClusterStatus extends ClusterRef {
  /** See {@link clusterKey}. */
  readonly key: string;
  readonly watch?: WatchState & { readonly since: number };
  readonly plannedAt?: number;
  /** When it was last seen or brought in sync. */
  readonly inSyncAt?: number;
  /** The last plan asks for an update that has not succeeded yet. */
  readonly pending: boolean;
  /** Why the cluster is held as it is. */
  readonly blocked?: string;
  /** Sorted by namespace, then name. */
  readonly rows: readonly StatusRow[];
}

/** An update, running or ended. */
export interface UpdateRecord
  extends Omit<UpdateStart, "stack">,
    Partial<Omit<UpdateEnd, keyof UpdateStart>> {
  /** The last lines of its output. */
  readonly log: readonly string[];
  /** How many lines before them were dropped. */
  readonly dropped: number;
}

/** Bounds of what is remembered of updates. */
export const MEMORY = { updates: 20, logLines: 300, lineLength: 400 } as const;

/** The status at the start: stacks of which nothing is known yet. */
export function initialStatus(stacks: readonly string[], dry: boolean, startedAt: number): Status {
  return { startedAt, dry, stacks: [...stacks].sort().map(newStack) };
}

function newStack(name: string): StackStatus {
  return { name, complete: false, problems: [], updates: [], clusters: [] };
}

/** After a round planned a cluster. */
export function withPlan(
  status: Status,
  stack: string,
  plan: ClusterPlan,
  at: number,
  pending: boolean,
): Status {
  return changeCluster(status, stack, plan.cluster, ({ blocked: _, ...before }) => ({
    ...before,
    plannedAt: at,
    pending,
    rows: rowsOfPlan(plan.decisions, before.rows),
    ...(isInSync(plan, pending, status.dry) ? { inSyncAt: at } : {}),
    ...(plan.blocked === undefined ? {} : { blocked: plan.blocked }),
  }));
}

/** After the watch on a cluster was opened or lost. */
export function withWatch(
  status: Status,
  stack: string,
  cluster: ClusterRef,
  watch: WatchState,
  since: number,
): Status {
  return changeCluster(status, stack, cluster, (before) => ({ ...before, watch: { ...watch, since } }));
}

/** After a cluster is no longer selected. */
export function withoutCluster(status: Status, stack: string, cluster: ClusterRef): Status {
  const key = clusterKey(cluster);
  return changeStack(status, stack, (before) => ({
    ...before,
    clusters: before.clusters.filter((one) => one.key !== key),
  }));
}

/** After a round: what could not be read or used in it. What lasts keeps its beginning. */
export function withProblems(
  status: Status,
  stack: string,
  problems: readonly StackProblem[],
  at: number,
): Status {
  return changeStack(status, stack, (before) => {
    const since = new Map(before.problems.map((problem) => [problem.where, problem.since]));
    return {
      ...before,
      complete: before.complete || problems.length === 0,
      problems: problems.map(({ where, message }) => ({ where, message, since: since.get(where) ?? at })),
    };
  });
}

/** After an update has begun. */
export function withUpdate(status: Status, { stack, ...update }: UpdateStart): Status {
  return changeStack(status, stack, (before) => ({ ...before, running: { ...update, log: [], dropped: 0 } }));
}

/** After the running update printed a line. */
export function withLine(status: Status, { stack, id }: UpdateStart, line: string): Status {
  return changeStack(status, stack, (before) => {
    if (before.running?.id !== id) return before;
    const { log, dropped } = before.running;
    const overflow = log.length === MEMORY.logLines ? 1 : 0;
    const lines = [...log.slice(overflow), line.slice(0, MEMORY.lineLength)];
    return { ...before, running: { ...before.running, log: lines, dropped: dropped + overflow } };
  });
}

/** After an update changed one association, or could not. */
export function withAssociation(status: Status, stack: string, change: AssociationChange): Status {
  return changeCluster(status, stack, change.cluster, (before) => ({
    ...before,
    rows: rowsAfterChange(before.rows, change),
  }));
}

/** After an update has ended. */
export function withUpdateEnd(status: Status, end: UpdateEnd): Status {
  const { stack, ...update } = end;
  return changeStack(status, stack, ({ running, ...before }) => {
    const { log, dropped } = running?.id === end.id ? running : { log: [], dropped: 0 };
    return {
      ...before,
      updates: [{ ...update, log, dropped }, ...before.updates].slice(0, MEMORY.updates),
      clusters: bringsInSync(end)
        ? before.clusters.map((cluster) =>
            cluster.pending ? { ...cluster, pending: false, inSyncAt: end.endedAt } : cluster,
          )
        : before.clusters,
    };
  });
}

/** After this process was elected, or lost its office. */
export function withLeadership(status: Status, leading: boolean): Status {
  return { ...status, leading };
}

function changeStack(status: Status, name: string, change: (before: StackStatus) => StackStatus): Status {
  const known = status.stacks.some((stack) => stack.name === name);
  const stacks = known
    ? status.stacks
    : [...status.stacks, newStack(name)].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ...status, stacks: stacks.map((stack) => (stack.name === name ? change(stack) : stack)) };
}

function changeCluster(
  status: Status,
  stack: string,
  { name, region, account }: ClusterRef,
  change: (before: ClusterStatus) => ClusterStatus,
): Status {
  const key = clusterKey({ name, region, account });
  return changeStack(status, stack, (before) => {
    const known = before.clusters.some((cluster) => cluster.key === key);
    const clusters = known
      ? before.clusters
      : [...before.clusters, { key, name, region, account, pending: false, rows: [] }].sort((a, b) =>
          a.key < b.key ? -1 : 1,
        );
    return {
      ...before,
      clusters: clusters.map((cluster) => (cluster.key === key ? change(cluster) : cluster)),
    };
  });
}
