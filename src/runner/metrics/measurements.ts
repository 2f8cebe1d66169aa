import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import { countActions } from "../../plan/summary.ts";
import type { Action, ClusterPlan } from "../../plan/types.ts";
import { bringsInSync, isInSync } from "../status/inSync.ts";
import type {
  ApiCall,
  AssociationChange,
  RunnerObserver,
  StackProblem,
  UpdateEnd,
  WatchState,
} from "../types.ts";
import type { MetricLabels, MetricSink } from "./metricDefinitions.ts";
import { addCounts, countPlan, type PlanCounts } from "./planCounts.ts";

/** What is remembered of one cluster: metrics are made from several of its events. */
interface MeasuredCluster {
  readonly stack: string;
  readonly cluster: ClusterRef;
  counts?: PlanCounts;
  discoverSeconds?: number;
  reconcileSeconds?: number;
  /** The last plan asks for an update that has not succeeded yet. */
  pending: boolean;
  watchLive: boolean;
}

const CHANGES: readonly Action[] = ["create", "adopt", "update", "delete", "purge", "conflict"];

/** Turns what happens in the daemon into metrics. */
export class Measurements implements RunnerObserver {
  readonly #sink: MetricSink;
  readonly #dry: boolean;
  readonly #clusters = new Map<string, MeasuredCluster>();

  constructor(sink: MetricSink, dry: boolean) {
    this.#sink = sink;
    this.#dry = dry;
  }

  apiCalled({ cluster, api, ok, durationMs }: ApiCall): void {
    this.#sink.record("api_latency_seconds", durationMs / 1000, {
      cluster,
      api,
      status: ok ? "ok" : "error",
    });
  }

  clusterRead(stack: string, cluster: ClusterRef, durationMs: number): void {
    this.#measured(stack, cluster).discoverSeconds = durationMs / 1000;
    this.#recordLongest("discover_latency_seconds", "discoverSeconds", cluster.name);
  }

  planned(stack: string, plan: ClusterPlan, at: number, pending: boolean): void {
    const measured = this.#measured(stack, plan.cluster);
    const labels = labelsOf(stack, plan.cluster);
    measured.pending = pending;
    this.#sink.record("cluster_blocked", plan.blocked === undefined ? 0 : 1, labels);
    const actions = countActions([plan]);
    for (const action of CHANGES) {
      this.#sink.record("plan_changes", actions[action], { ...labels, action });
    }
    // A blocked plan says nothing sure of what is there: the last numbers stay.
    if (plan.blocked === undefined) {
      measured.counts = countPlan(plan);
      this.#recordCounts(plan.cluster.name);
    }
    if (isInSync(plan, pending, this.#dry)) {
      this.#sink.record("last_success_timestamp_seconds", at / 1000, labels);
      if (!pending) this.#reconciled(measured, 0);
    }
  }

  problems(stack: string, problems: readonly StackProblem[]): void {
    const places = new Set(problems.map(({ where }) => where));
    this.#sink.record("configuration_problems", places.size, { stack });
  }

  watchChanged(stack: string, cluster: ClusterRef, { state }: WatchState): void {
    const measured = this.#measured(stack, cluster);
    const labels = labelsOf(stack, cluster);
    const live = state === "live";
    this.#sink.record("watch_live", live ? 1 : 0, labels);
    this.#sink.record("watch_restarts_total", measured.watchLive && !live ? 1 : 0, labels);
    measured.watchLive = live;
  }

  clusterGone(stack: string, cluster: ClusterRef): void {
    this.#clusters.delete(keyOfMeasured(stack, cluster));
    this.#sink.forget(labelsOf(stack, cluster));
    if (this.#named(cluster.name).length === 0) {
      this.#sink.forget({ cluster: cluster.name });
      return;
    }
    this.#recordCounts(cluster.name);
    this.#recordLongest("discover_latency_seconds", "discoverSeconds", cluster.name);
    this.#recordLongest("reconcile_latency_seconds", "reconcileSeconds", cluster.name);
  }

  associationChanged(stack: string, change: AssociationChange): void {
    const { cluster, operation, sinceEventMs } = change;
    this.#sink.record("association_changes_total", 1, { ...labelsOf(stack, cluster), operation });
    if (operation === "failed" || sinceEventMs === undefined) return;
    this.#sink.record("event_to_association_seconds", sinceEventMs / 1000, { stack });
  }

  updateEnded(update: UpdateEnd): void {
    const { stack, kind, result, startedAt, endedAt } = update;
    const seconds = (endedAt - startedAt) / 1000;
    this.#sink.record("up_duration_seconds", seconds, { stack, kind, result });
    for (const measured of this.#clusters.values()) {
      if (measured.stack !== stack || !measured.pending) continue;
      this.#reconciled(measured, seconds);
      if (!bringsInSync(update)) continue;
      measured.pending = false;
      const labels = labelsOf(stack, measured.cluster);
      this.#sink.record("last_success_timestamp_seconds", endedAt / 1000, labels);
    }
  }

  leadershipChanged(leading: boolean): void {
    this.#sink.record("leader", leading ? 1 : 0, {});
  }

  #reconciled(measured: MeasuredCluster, seconds: number): void {
    measured.reconcileSeconds = seconds;
    this.#recordLongest("reconcile_latency_seconds", "reconcileSeconds", measured.cluster.name);
  }

  #measured(stack: string, cluster: ClusterRef): MeasuredCluster {
    const key = keyOfMeasured(stack, cluster);
    const known = this.#clusters.get(key);
    if (known !== undefined) return known;
    const measured = { stack, cluster, pending: false, watchLive: false };
    this.#clusters.set(key, measured);
    return measured;
  }

  #named(name: string): readonly MeasuredCluster[] {
    return [...this.#clusters.values()].filter(({ cluster }) => cluster.name === name);
  }

  #recordCounts(name: string): void {
    const all = this.#named(name).flatMap(({ counts }) => counts ?? []);
    if (all.length === 0) return;
    const { serviceAccounts, associations } = addCounts(all);
    for (const [ignore_reason, count] of Object.entries(serviceAccounts)) {
      this.#sink.record("service_accounts", count, { cluster: name, ignore_reason });
    }
    // As in the Go controller, roles restrict ServiceAccounts only.
    const { restricted_role: _, ...ofAssociations } = associations;
    for (const [ignore_reason, count] of Object.entries(ofAssociations)) {
      this.#sink.record("pod_identity_associations", count, { cluster: name, ignore_reason });
    }
  }

  #recordLongest(
    metric: "discover_latency_seconds" | "reconcile_latency_seconds",
    field: "discoverSeconds" | "reconcileSeconds",
    name: string,
  ): void {
    const seconds = this.#named(name).flatMap((measured) => measured[field] ?? []);
    if (seconds.length > 0) this.#sink.record(metric, Math.max(...seconds), { cluster: name });
  }
}

function keyOfMeasured(stack: string, cluster: ClusterRef): string {
  return `${stack} ${clusterKey(cluster)}`;
}

function labelsOf(stack: string, { name, region, account }: ClusterRef): MetricLabels {
  return { stack, cluster: name, region, account };
}
