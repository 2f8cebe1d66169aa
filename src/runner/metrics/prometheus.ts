import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RunnerObserver } from "../types.ts";
import { Measurements } from "./measurements.ts";
import {
  definitionOf,
  type MetricLabels,
  type MetricName,
  type MetricSink,
  metricNames,
  namespaced,
} from "./metricDefinitions.ts";

/** How the Prometheus metrics are named and divided. */
export interface MetricsOptions {
  /** METRICS_NAMESPACE; goes before every metric's name but those of the process. */
  readonly namespace: string;
  /** LATENCY_BUCKETS_SECONDS: upper bounds of the histogram of API calls. */
  readonly latencyBuckets: readonly number[];
  readonly dry: boolean;
}

/** The Prometheus metrics of the daemon and of its process. */
export interface PrometheusMetrics {
  readonly observer: RunnerObserver;
  readonly registry: Registry;
}

/** Makes the metrics in a registry of their own. */
export function prometheusMetrics({ namespace, latencyBuckets, dry }: MetricsOptions): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const series = new Map(
    metricNames().map((name) => [name, newSeries(name, { registry, namespace, latencyBuckets })] as const),
  );
  const sink: MetricSink = {
    record: (metric, value, labels) => series.get(metric)?.record(value, labels),
    forget(labels) {
      for (const one of series.values()) one.forget(labels);
    },
  };
  return { observer: new Measurements(sink, dry), registry };
}

/** The series of one metric. */
interface Series {
  record(value: number, labels: MetricLabels): void;
  forget(labels: MetricLabels): void;
}

function newSeries(
  metric: MetricName,
  of: { readonly registry: Registry; readonly namespace: string; readonly latencyBuckets: readonly number[] },
): Series {
  const { prometheus, help, labels, buckets } = definitionOf(metric);
  const options = {
    name: namespaced(of.namespace, metric),
    help,
    labelNames: [...labels],
    registers: [of.registry],
  };
  if (prometheus === "gauge") {
    const gauge = new Gauge(options);
    // prom-client shows 0 for a metric without labels before anything is known.
    if (labels.length === 0) gauge.remove();
    return remembering(gauge, (value, at) => gauge.set(at, value));
  }
  if (prometheus === "counter") {
    const counter = new Counter(options);
    return remembering(counter, (value, at) => counter.inc(at, value));
  }
  const histogram = new Histogram({ ...options, buckets: [...(buckets ?? of.latencyBuckets)] });
  return remembering(histogram, (value, at) => histogram.observe(at, value));
}

/** prom-client removes a series only by all its labels: they are remembered. */
function remembering(
  metric: { remove(labels: MetricLabels): void },
  record: (value: number, labels: MetricLabels) => void,
): Series {
  const known = new Map<string, MetricLabels>();
  return {
    record(value, labels) {
      known.set(JSON.stringify(labels), labels);
      record(value, labels);
    },
    forget(some) {
      for (const [key, labels] of known) {
        if (!Object.entries(some).every(([name, value]) => labels[name] === value)) continue;
        metric.remove(labels);
        known.delete(key);
      }
    },
  };
}
