import { dirname, resolve } from "node:path";
import { localKubeConfig } from "../kubernetes/access.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { UserError } from "../model/userError.ts";
import { systemClock } from "./clock.ts";
import { configurationReader } from "./configuration.ts";
import { type LeaderElection, startLeaderElection } from "./election/leader.ts";
import { type KubernetesEvents, kubernetesEvents } from "./events/kubernetesEvents.ts";
import { logObserver, runnerLog } from "./log.ts";
import { StackLoop } from "./loop/stackLoop.ts";
import { startMonitoring } from "./monitoring.ts";
import { observers } from "./observers.ts";
import type { RunnerSettings } from "./settings.ts";
import type { RunnerObserver } from "./types.ts";
import type { EngineOptions, StackEngine } from "./update/engine.ts";
import { openStackProcess } from "./update/engineProcess.ts";
import { StackUpdates } from "./update/stackUpdates.ts";

/** The checkout, where Pulumi.yaml is. */
const checkout = dirname(dirname(import.meta.dirname));
/** An API server or a region that is this slow does not hold up the others. */
const PATIENCE_MS = 10_000;
/** How long an update may go on after the stop; longer than the largest of them needs. */
const LAST_UPDATE_MS = 10 * 60_000;

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly settings: RunnerSettings;
  /** Names of the stacks, each driven on its own. */
  readonly stacks: readonly string[];
  /** Deletions that a person allowed above the limit, for the life of this process. */
  readonly allowedDeletions?: number;
  /**
   * The folder of Pulumi.yaml, with `provider` and `src` beside it; the checkout,
   * where it is not given. The engine keeps the stacks' settings there.
   */
  readonly projectDirectory?: string;
  /** Another engine than {@link openStackProcess}'s, or the same one under measurement. */
  readonly openEngine?: (options: EngineOptions) => Promise<StackEngine>;
}

/** A daemon that runs. */
export interface Daemon {
  /** Where health, metrics and the status page are; undefined with `runOnce`. */
  readonly url: string | undefined;
  /** Settles when all has ended: true where it was told to, or with `runOnce` where everything is in step. */
  readonly done: Promise<boolean>;
  /** Starts nothing new, and lets updates that run end, within ten minutes. */
  stop(): void;
  /** Asks running updates to end early and properly. */
  cancel(): void;
}

/** One stack that is driven. */
interface Driven {
  readonly stack: string;
  readonly engine: StackEngine;
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
  // A single round is somebody's own wish; the stack's lock keeps it apart from a leader's updates.
  const elects = settings.leaderElection && !settings.runOnce;
  const leading = () => !elects || election?.leading() === true;
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
    await Promise.all([monitoring.stop(), ...driven.map(({ engine }) => engine.close())]);
    throw error;
  }
  if (elects) {
    // Until it is elected, a process stands by, and is well.
    observer.leadershipChanged(false, systemClock.now());
    election = startLeaderElection({
      kubeConfig: async () => localKubeConfig({}),
      namespace: settings.leaseNamespace,
      name: settings.leaseName,
      onChange(isLeading, at) {
        observer.leadershipChanged(isLeading, at);
        for (const { loop, updates } of driven) {
          // Another process may write a few seconds from now: what runs must not.
          if (isLeading) loop.takeOver();
          else updates.cancel();
        }
      },
      onProblem: (message) => {
        if (message !== undefined) log.warn(`leader election: ${message}`);
      },
    });
  }
  if (monitoring.url !== undefined) log.info(`status page, health and metrics: ${monitoring.url}`);
  const stopping = new AbortController();
  const cancel = () => {
    for (const { updates } of driven) updates.cancel();
  };
  let cancelLate = () => {};
  const stop = () => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    cancelLate = systemClock.after(LAST_UPDATE_MS, cancel);
  };
  const run = async ({ loop, stack }: Driven) => {
    try {
      return await runLoop(loop, settings.runOnce, stopping.signal);
    } catch (error) {
      // Nobody knows in what state it is: the process ends, for whoever runs it to start it anew.
      log.fatal({ stack, err: error }, "unexpected error; stopping");
      stop();
      return false;
    }
  };
  const done = Promise.all(driven.map(run)).finally(async () => {
    cancelLate();
    // The Lease is given back when no update runs any more.
    await Promise.all([
      election?.stop(),
      events?.stop(),
      monitoring.stop(),
      ...driven.map(({ engine }) => engine.close()),
    ]);
  });
  return {
    url: monitoring.url,
    done: done.then((results) => results.every((well) => well)),
    stop,
    cancel,
  };
}

async function openDriven(
  stack: string,
  { settings, allowedDeletions, projectDirectory = checkout, openEngine = openStackProcess }: DaemonOptions,
  observer: Required<RunnerObserver>,
  leading: () => boolean,
): Promise<Driven> {
  const { configFile, dry, intervalMs, driftPeriodMs, policyPack } = settings;
  const engine = await openEngine({
    stack,
    projectDirectory,
    // The policy pack reads the same configuration, from wherever it is started.
    environment: configFile === undefined ? {} : { CONFIG_FILE: resolve(configFile) },
    policyPack,
  });
  const config = configurationReader(engine, stack, projectDirectory, configFile);
  try {
    // A configuration that can't be read ends the start; later it is a problem of the round.
    await config();
  } catch (error) {
    await engine.close();
    throw error;
  }
  const updates = new StackUpdates(stack, engine, dry, observer, systemClock);
  const loop = new StackLoop({
    stack,
    config,
    updates,
    observer,
    drift: { intervalMs, periodMs: driftPeriodMs },
    ...(settings.runOnce ? {} : { patienceMs: PATIENCE_MS }),
    leading,
    clock: systemClock,
    choices: {
      // The aws provider tries for two minutes, and everything else of the stack would wait; the next look at AWS
      // tells whether the role is there. A single round has no next one.
      missingRoles: settings.runOnce ? "try" : "wait",
      ...(allowedDeletions === undefined ? {} : { allowedDeletions }),
    },
  });
  return { stack, engine, loop, updates };
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

/** True where the loop ended as it was to; with `once`, where everything is in step. */
async function runLoop(loop: StackLoop, once: boolean, signal: AbortSignal): Promise<boolean> {
  if (once) return loop.once(signal);
  await loop.run(signal);
  return true;
}

function refuseTwice(stacks: readonly string[]): void {
  const twice = stacks.find((stack, index) => stacks.indexOf(stack) !== index);
  if (twice !== undefined)
    throw new UserError(`--stack ${twice} is named twice; one process drives a stack once`);
}
