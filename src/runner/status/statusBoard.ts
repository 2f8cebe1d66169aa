import type { ClusterRef } from "../../model/cluster.ts";
import type { ClusterPlan } from "../../plan/types.ts";
import type {
  AssociationChange,
  RunnerObserver,
  StackProblem,
  UpdateEnd,
  UpdateStart,
  WatchState,
} from "../types.ts";
import {
  initialStatus,
  type Status,
  withAssociation,
  withLeadership,
  withLine,
  withoutCluster,
  withPlan,
  withProblems,
  withUpdate,
  withUpdateEnd,
  withWatch,
} from "./status.ts";

/** What a board is begun with. */
export interface StatusBoardOptions {
  /** Names of the stacks that are driven. */
  readonly stacks: readonly string[];
  readonly dry: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Keeps the daemon's status, for health checks and the status page. */
export class StatusBoard implements RunnerObserver {
  readonly #now: () => number;
  readonly #beats: Map<string, number>;
  readonly #listeners = new Set<() => void>();
  #status: Status;

  constructor({ stacks, dry, now }: StatusBoardOptions) {
    this.#now = now;
    this.#status = initialStatus(stacks, dry, now());
    this.#beats = new Map(stacks.map((stack) => [stack, now()]));
  }

  /** A value that is never changed: compare it with a later one. */
  get status(): Status {
    return this.#status;
  }

  /** When each stack's loop last told anything. */
  get beats(): ReadonlyMap<string, number> {
    return this.#beats;
  }

  /** The stack's loop is alive, though it has nothing to tell. */
  beat(stack: string): void {
    this.#beats.set(stack, this.#now());
  }

  /** `listener` is called after each change, until the function returned is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clusterRead(stack: string): void {
    this.beat(stack);
  }

  planned(stack: string, plan: ClusterPlan, at: number, pending: boolean): void {
    this.#set(stack, withPlan(this.#status, stack, plan, at, pending));
  }

  problems(stack: string, problems: readonly StackProblem[]): void {
    this.#set(stack, withProblems(this.#status, stack, problems, this.#now()));
  }

  watchChanged(stack: string, cluster: ClusterRef, watch: WatchState, at: number): void {
    // Not a beat: watches go on by themselves.
    this.#change(withWatch(this.#status, stack, cluster, watch, at));
  }

  clusterGone(stack: string, cluster: ClusterRef): void {
    this.#set(stack, withoutCluster(this.#status, stack, cluster));
  }

  updateStarted(update: UpdateStart): void {
    this.#set(update.stack, withUpdate(this.#status, update));
  }

  updatePrinted(update: UpdateStart, line: string): void {
    this.#set(update.stack, withLine(this.#status, update, line));
  }

  associationChanged(stack: string, change: AssociationChange): void {
    this.#set(stack, withAssociation(this.#status, stack, change));
  }

  updateEnded(update: UpdateEnd): void {
    this.#set(update.stack, withUpdateEnd(this.#status, update));
  }

  leadershipChanged(leading: boolean): void {
    for (const { name } of this.#status.stacks) this.beat(name);
    this.#change(withLeadership(this.#status, leading));
  }

  #set(stack: string, status: Status): void {
    this.beat(stack);
    this.#change(status);
  }

  #change(status: Status): void {
    this.#status = status;
    for (const listener of this.#listeners) listener();
  }
}
