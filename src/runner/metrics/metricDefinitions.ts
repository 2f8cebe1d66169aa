/** What a metric is, for Prometheus and for Dogstatsd. */
interface MetricDefinition {
  readonly prometheus: "gauge" | "histogram" | "counter";
  readonly datadog: "gauge" | "distribution" | "counter";
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds in seconds; a histogram without any has those of LATENCY_BUCKETS_SECONDS. */
  readonly buckets?: readonly number[];
}

// A cluster's name is unique only in its account and region. The Go controller's metrics carry the name alone, and so
// do ours of that name: clusters that share it are added up. The new metrics tell them apart.
const CLUSTER = ["stack", "cluster", "region", "account"] as const;
const UPDATE_BUCKETS = [0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600];
const REACTION_BUCKETS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60, 300];

/** Every metric of the daemon by its name without METRICS_NAMESPACE; the first five are the Go controller's. */
export const metricDefinitions = {
  service_accounts: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: ["cluster", "ignore_reason"],
    help: "Number of annotated ServiceAccounts.",
  },
  pod_identity_associations: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: ["cluster", "ignore_reason"],
    help: "Number of associations.",
  },
  discover_latency_seconds: {
    prometheus: "gauge",
    datadog: "distribution",
    labels: ["cluster"],
    help: "How long the last reading of the cluster took; the longest, where clusters share a name.",
  },
  reconcile_latency_seconds: {
    prometheus: "gauge",
    datadog: "distribution",
    labels: ["cluster"],
    help: "How long the last update took that the cluster's plan asked for; 0 where it asked for none.",
  },
  api_latency_seconds: {
    prometheus: "histogram",
    datadog: "distribution",
    labels: ["cluster", "api", "status"],
    help: "How long calls to AWS and Kubernetes took.",
  },
  up_duration_seconds: {
    prometheus: "histogram",
    datadog: "distribution",
    labels: ["stack", "kind", "result"],
    help: "How long updates (kind up) and previews took.",
    buckets: UPDATE_BUCKETS,
  },
  event_to_association_seconds: {
    prometheus: "histogram",
    datadog: "distribution",
    labels: ["stack"],
    help: "Time from the change of a ServiceAccount to the change of its association in AWS.",
    buckets: REACTION_BUCKETS,
  },
  association_changes_total: {
    prometheus: "counter",
    datadog: "counter",
    labels: [...CLUSTER, "operation"],
    help: "Associations created, adopted, updated and deleted, and changes that failed.",
  },
  plan_changes: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: [...CLUSTER, "action"],
    help: "What the last plan of the cluster asks for.",
  },
  cluster_blocked: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: CLUSTER,
    help: "1 where the cluster is held as it is: it can't be read, or too much would be deleted.",
  },
  last_success_timestamp_seconds: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: CLUSTER,
    help: "When the cluster was last in sync, in seconds since the epoch.",
  },
  watch_live: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: CLUSTER,
    help: "1 while the watch on the cluster's ServiceAccounts is open.",
  },
  watch_restarts_total: {
    prometheus: "counter",
    datadog: "counter",
    labels: CLUSTER,
    help: "How often the open watch on the cluster's ServiceAccounts was lost.",
  },
  configuration_problems: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: ["stack"],
    help: "Parts of the configuration that could not be read or used.",
  },
  leader: {
    prometheus: "gauge",
    datadog: "gauge",
    labels: [],
    help: "1 where this process may write, 0 where it stands by; absent without leader election.",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Name of a metric, without METRICS_NAMESPACE. */
export type MetricName = keyof typeof metricDefinitions;

/** Labels by name. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where measured values go. */
export interface MetricSink {
  /** Sets a gauge, observes a length of time in seconds, or adds to a counter: what the metric is decides. */
  record(metric: MetricName, value: number, labels: MetricLabels): void;
  /** Every series that carries all these labels is no more. */
  forget(labels: MetricLabels): void;
}

/** The definition of a metric, in the general form. */
export function definitionOf(metric: MetricName): MetricDefinition {
  return metricDefinitions[metric];
}

/** All names, in the order of the table. */
export function metricNames(): readonly MetricName[] {
  return Object.keys(metricDefinitions).filter((name): name is MetricName => name in metricDefinitions);
}

/** The metric's name as it is shown: METRICS_NAMESPACE goes before it, with an underscore. */
export function namespaced(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}_${name}`;
}
