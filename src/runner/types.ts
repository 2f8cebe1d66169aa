import type { ClusterRef } from "../model/cluster.ts";
import type { ServiceAccountRef } from "../model/serviceAccount.ts";
import type { ClusterPlan } from "../plan/types.ts";

// What the daemon says about itself. The loop tells one observer; logs, metrics, health, Kubernetes Events and the
// status page are observers. All times are milliseconds since the epoch, all lengths of time milliseconds.

/** Why a round of planning, and perhaps an update, took place. */
export type Trigger = "start" | "interval" | "change" | "configuration" | "retry";

/** The watch on a cluster's ServiceAccounts. */
export type WatchState =
  /** Listed, and the watch is open. */
  | { readonly state: "live" }
  /** Not listed yet, or the watch is being opened anew; `reason` is why the last one ended. */
  | { readonly state: "connecting"; readonly reason?: string };

/** One run of the engine. */
export interface UpdateStart {
  /** Unique in this process, rising. */
  readonly id: number;
  readonly stack: string;
  readonly kind: "preview" | "up";
  readonly trigger: Trigger;
  /** How many associations it is to change; undefined: a full update. */
  readonly targets?: number;
  readonly startedAt: number;
}

/** How an update ended. `locked`: somebody else holds the stack's lock; it is tried again. */
export type UpdateResult = "succeeded" | "failed" | "canceled" | "locked";

/** An update that has ended. */
export interface UpdateEnd extends UpdateStart {
  readonly endedAt: number;
  readonly result: UpdateResult;
  /** How many associations were (for a preview: would be) changed, by operation: create, update, delete, import ... */
  readonly changes: Readonly<Record<string, number>>;
  /** One line, where it failed. */
  readonly error?: string;
}

/** What an update did to one association. */
export interface AssociationChange extends ServiceAccountRef {
  readonly cluster: ClusterRef;
  readonly operation: "created" | "adopted" | "updated" | "deleted" | "failed";
  readonly roleArn?: string;
  readonly associationId?: string;
  /** AWS's or the engine's words, where it failed. */
  readonly error?: string;
  /** From the watch event that asked for it to the change in AWS; absent where no event did (start, drift). */
  readonly sinceEventMs?: number;
}

/** A call to AWS or Kubernetes that this process made. */
export interface ApiCall {
  /** Name of the cluster; "" where the call is about none (ListClusters). */
  readonly cluster: string;
  /** `eks:ListClusters`, `tag:GetResources`, `serviceaccounts.list`, ... */
  readonly api: string;
  readonly ok: boolean;
  readonly durationMs: number;
}

/** A part of the configuration, or the stack itself, that could not be read or used. */
export interface StackProblem {
  /** `clusters[0]`, or `stack NAME`. */
  readonly where: string;
  readonly message: string;
}

/** Takes part in what happens; every method returns at once and never throws. */
export interface RunnerObserver {
  /** A call has ended. */
  apiCalled?(call: ApiCall): void;
  /** A cluster was read: how long it took, all its calls together. */
  clusterRead?(stack: string, cluster: ClusterRef, durationMs: number): void;
  /** The plan of a cluster, after every round; `pending` tells whether an update follows. */
  planned?(stack: string, plan: ClusterPlan, at: number, pending: boolean): void;
  /** What could not be read or used in the last round; empty: nothing, all that was told before is over. */
  problems?(stack: string, problems: readonly StackProblem[]): void;
  watchChanged?(stack: string, cluster: ClusterRef, watch: WatchState, at: number): void;
  /** A cluster is no longer selected. */
  clusterGone?(stack: string, cluster: ClusterRef): void;
  updateStarted?(update: UpdateStart): void;
  /** A line of the running update's output. */
  updatePrinted?(update: UpdateStart, line: string): void;
  associationChanged?(stack: string, change: AssociationChange): void;
  updateEnded?(update: UpdateEnd): void;
  /** With leader election: whether this process may write. */
  leadershipChanged?(leading: boolean, at: number): void;
}
