import { hostname } from "node:os";
import { systemClock } from "./clock.ts";
import { type Dogstatsd, dogstatsd } from "./metrics/dogstatsd.ts";
import { prometheusMetrics } from "./metrics/prometheus.ts";
import type { RunnerSettings } from "./settings.ts";
import { startStatusServer } from "./status/server.ts";
import { StatusBoard } from "./status/statusBoard.ts";
import type { RunnerObserver } from "./types.ts";

/** What watches the daemon. */
export interface Monitoring {
  readonly observers: readonly RunnerObserver[];
  /** Undefined where nothing is served: a single round ends before anybody looks. */
  readonly url: string | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the metrics, the status and the server.
 * @param onError told why values could not be sent to Dogstatsd
 * @throws UserError where the address can't be listened on.
 */
export async function startMonitoring(
  settings: RunnerSettings,
  stacks: readonly string[],
  onError: (error: Error) => void,
): Promise<Monitoring> {
  const { metricsNamespace: namespace, latencyBuckets, dry } = settings;
  const board = new StatusBoard({ stacks, dry, now: () => systemClock.now() });
  const { observer, registry } = prometheusMetrics({ namespace, latencyBuckets, dry });
  const server = settings.runOnce ? undefined : await startStatusServer({ settings, board, registry });
  const statsd = settings.dogstatsdEnable ? startDogstatsd(settings, onError) : undefined;
  return {
    observers: [board, observer, ...(statsd === undefined ? [] : [statsd.observer])],
    url: server?.url,
    stop: async () => void (await Promise.all([server?.stop(), statsd?.stop()])),
  };
}

function startDogstatsd(settings: RunnerSettings, onError: (error: Error) => void): Dogstatsd {
  const { ddAgentHost, ddAgentPort, dogstatsdSampleRate, ddService, ddTags, dry } = settings;
  return dogstatsd({
    host: ddAgentHost,
    port: ddAgentPort,
    sampleRate: dogstatsdSampleRate,
    ...(ddService === undefined ? {} : { service: ddService }),
    ...(ddTags === undefined ? {} : { tags: ddTags }),
    podName: hostname(),
    dry,
    onError,
  });
}
