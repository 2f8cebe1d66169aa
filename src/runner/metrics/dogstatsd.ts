import { StatsD } from "hot-shots";
import type { RunnerObserver } from "../types.ts";
import { Measurements } from "./measurements.ts";
import { definitionOf, type MetricSink } from "./metricDefinitions.ts";

/** Where the Dogstatsd agent is, and what is sent with every value. */
export interface DogstatsdOptions {
  /** DD_AGENT_HOST. */
  readonly host: string;
  /** DD_AGENT_PORT; 8125 where it is not set. */
  readonly port?: number;
  /** DOGSTATSD_SAMPLE_RATE: the share of the values that are sent, above 0, up to 1. */
  readonly sampleRate: number;
  /** DD_SERVICE: becomes the tag `service`. */
  readonly service?: string;
  /** DD_TAGS: `key:value`, with blanks or commas between them. */
  readonly tags?: string;
  /** The tag `pod_name`: the host's name, which is the pod's in Kubernetes. */
  readonly podName: string;
  readonly dry: boolean;
  /** Told why values could not be sent. */
  readonly onError: (error: Error) => void;
}

/** Sends the metrics to Dogstatsd, until it is stopped. */
export interface Dogstatsd {
  readonly observer: RunnerObserver;
  /** Sends what is buffered, and closes the socket. */
  stop(): Promise<void>;
}

const DEFAULT_PORT = 8125;
/** Fits one Ethernet frame: Datadog's advice for UDP. */
const PACKET_BYTES = 1432;

/** Begins to send. The agent is never waited for: UDP tells nothing. */
export function dogstatsd(options: DogstatsdOptions): Dogstatsd {
  const client = new StatsD({
    host: options.host,
    port: options.port ?? DEFAULT_PORT,
    prefix: "ns.",
    datadog: true,
    sampleRate: options.sampleRate,
    // Read from the settings, where a flag goes before its variable, and not from the environment once more.
    includeDataDogTags: false,
    includeDatadogTelemetry: false,
    globalTags: [...globalTags(options)],
    cacheDns: true,
    maxBufferSize: PACKET_BYTES,
    errorHandler: options.onError,
  });
  const sink: MetricSink = {
    record(metric, value, labels) {
      const { datadog } = definitionOf(metric);
      if (datadog === "gauge") client.gauge(metric, value, labels);
      else if (datadog === "distribution") client.distribution(metric, value, labels);
      else if (value !== 0) client.increment(metric, value, labels);
    },
    // A series that is not sent any more ends by itself.
    forget: () => {},
  };
  return {
    observer: new Measurements(sink, options.dry),
    stop: () => new Promise((resolve) => client.close(() => resolve())),
  };
}

/** The tags of every value. */
export function globalTags({
  service,
  tags = "",
  podName,
}: Pick<DogstatsdOptions, "service" | "tags" | "podName">): readonly string[] {
  return [
    ...tags.split(/[\s,]+/).filter((tag) => tag !== ""),
    ...(service === undefined || service === "" ? [] : [`service:${service}`]),
    `pod_name:${podName}`,
  ];
}
