import { dirname, join, resolve } from "node:path";
import { localKubeConfig } from "../kubernetes/access.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";
import { systemClock } from "./clock.ts";
import { configurationReader } from "./configuration.ts";
import { openStack } from "./engine.ts";
import { type KubernetesEvents, kubernetesEvents } from "./kubernetesEvents.ts";
import { type LeaderElection, startLeaderElection } from "./leader.ts";
import { logObserver, runnerLog } from "./log.ts";
import { startMonitoring } from "./monitoring.ts";
import { observers } from "./observers.ts";
import type { RunnerSettings } from "./settings.ts";
import { StackLoop } from "./stackLoop.ts";
import { StackUpdates } from "./stackUpdates.ts";
import type { RunnerObserver } from "./types.ts";

/** The checkout, where Pulumi.yaml is. */
const projectDirectory = dirname(dirname(import.meta.dirname));

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly settings: RunnerSettings;
  /** Names of the stacks, each driven on its own. */
  readonly stacks: readonly string[];
  /** Deletions that a person allowed above the limit, for the life of this process. */
  readonly allowedDeletions?: number;
}

/** A daemon that runs. */
export interface Daemon {
  /** Where health, metrics and the status page are; undefined with `runOnce`. */
  readonly url: string | undefined;
  /** Settles when all has ended; with `runOnce`, true where everything is in step. */
  readonly done: Promise<boolean>;
  /** Starts nothing new, and lets what runs end. */
  stop(): void;
  /** Asks running updates to end early and properly. */
  cancel(): Promise<void>;
}

/** One stack that is driven. */
interface Driven {
  readonly loop: StackLoop;
  readonly updates: StackUpdates;
}

/**
 * Opens the stacks and starts their loops, and with them the election, the
 * Events and the server.
 * @throws UserError where a stack, its configuration or the address can't be had.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings, stacks } = options;
  refuseTwice(stacks);
  const log = runnerLog(settings);
  const monitoring = await startMonitoring(settings, stacks, (error) =>
    log.debug(`Dogstatsd: ${error.message}`),
  );
  const driven: Driven[] = [];
  let election: LeaderElection | undefined;
  const leading = () => !settings.leaderElection || election?.leading() === true;
  const events = settings.kubernetesEvents
    ? eventsOf(
        driven,
        () => leading() && !settings.dry,
        (message) => log.warn(message),
      )
    : undefined;
  const observer = observers([
    logObserver(log),
    ...monitoring.observers,
    ...(events === undefined ? [] : [events]),
  ]);
  try {
    for (const stack of stacks) driven.push(await openDriven(stack, options, observer, leading));
  } catch (error) {
    await monitoring.stop();
    throw error;
  }
  if (settings.leaderElection) {
    election = startLeaderElection({
      kubeConfig: async () => localKubeConfig({}),
      namespace: settings.leaseNamespace,
      name: settings.leaseName,
      onChange(isLeading, at) {
        observer.leadershipChanged(isLeading, at);
        for (const { loop, updates } of driven) {
          // Another process may write a few seconds from now: what runs must not.
          if (isLeading) loop.takeOver();
          else void updates.cancel();
        }
      },
      onProblem: (message) => {
        if (message !== undefined) log.warn(`leader election: ${message}`);
      },
    });
  }
  if (monitoring.url !== undefined) log.info(`status page, health and metrics: ${monitoring.url}`);
  const stopping = new AbortController();
  const done = Promise.all(
    driven.map(({ loop }) => runLoop(loop, settings.runOnce, stopping.signal)),
  ).finally(
    // The Lease is given back when no update runs any more.
    async () => void (await Promise.all([election?.stop(), events?.stop(), monitoring.stop()])),
  );
  return {
    url: monitoring.url,
    done: done.then((results) => results.every((inStep) => inStep)),
    stop: () => stopping.abort(),
    cancel: async () => void (await Promise.all(driven.map(({ updates }) => updates.cancel()))),
  };
}

async function openDriven(
  stack: string,
  { settings, allowedDeletions }: DaemonOptions,
  observer: Required<RunnerObserver>,
  leading: () => boolean,
): Promise<Driven> {
  const { configFile, dry, intervalMs, driftPeriodMs, policyPack } = settings;
  const engine = await openStack({
    stack,
    projectDirectory,
    // The policy pack reads the same configuration, from wherever it is started.
    environment: configFile === undefined ? {} : { CONFIG_FILE: resolve(configFile) },
    policyPacks: policyPack ? [join(projectDirectory, "policy", "pack")] : [],
  });
  const config = configurationReader(engine, stack, projectDirectory, configFile);
  // A configuration that can't be read ends the start; later it is a problem of the round.
  await config();
  const updates = new StackUpdates(stack, engine, dry, observer, systemClock);
  const loop = new StackLoop({
    stack,
    config,
    updates,
    observer,
    drift: { intervalMs, periodMs: driftPeriodMs },
    leading,
    clock: systemClock,
    ...(allowedDeletions === undefined ? {} : { allowedDeletions }),
  });
  return { loop, updates };
}

function eventsOf(
  driven: readonly Driven[],
  mayWrite: () => boolean,
  warn: (message: string) => void,
): KubernetesEvents {
  return kubernetesEvents({
    async kubeConfig(cluster: ClusterRef) {
      const found = driven
        .map(({ loop }) => loop.kubeConfigOf(cluster))
        .find((config) => config !== undefined);
      if (found === undefined) throw new UserError(`cluster ${clusterKey(cluster)} is not tracked any more`);
      return found;
    },
    mayWrite,
    warn: (cluster, message) => warn(`cluster ${clusterKey(cluster)}: no Events: ${message}`),
  });
}

async function runLoop(loop: StackLoop, once: boolean, signal: AbortSignal): Promise<boolean> {
  if (!once) {
    await loop.run(signal);
    return true;
  }
  try {
    return await loop.round("start");
  } finally {
    await loop.stop();
  }
}

function refuseTwice(stacks: readonly string[]): void {
  const twice = stacks.find((stack, index) => stacks.indexOf(stack) !== index);
  if (twice !== undefined)
    throw new UserError(`--stack ${twice} is named twice; one process drives a stack once`);
}
