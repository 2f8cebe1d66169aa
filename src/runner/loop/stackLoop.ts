import type { KubeConfig } from "@kubernetes/client-node";
import type { Config } from "../../config/config.ts";
import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import { UserError } from "../../model/userError.ts";
import { type PlanChoices, type PlannedCluster, planAll } from "../../program/planned.ts";
import { idsOf, type RecordedCluster } from "../../program/state.ts";
import { type Clock, pause } from "../clock.ts";
import type { RunnerObserver, Trigger } from "../types.ts";
import type { Outcome } from "../update/outcomes.ts";
import type { StackUpdates } from "../update/stackUpdates.ts";
import { isChange, touchedOf } from "../update/touched.ts";
import { changesOf } from "./attempts.ts";
import { Retries } from "./retries.ts";
import { nextStart, type Schedule, type SchedulePolicy, withEvent, withStart } from "./schedule.ts";
import type { DriftPolicy } from "./trackedCluster.ts";
import { TrackedClusters } from "./trackedClusters.ts";

/** What a stack's loop works with. */
export interface StackLoopOptions {
  readonly stack: string;
  /** The configuration as it is now; called at every look at AWS. */
  readonly config: () => Promise<Config>;
  readonly updates: StackUpdates;
  readonly observer: Required<RunnerObserver>;
  readonly drift: DriftPolicy;
  /** See `TrackedClustersOptions`. */
  readonly patienceMs?: number;
  /** Whether this process may write; with leader election it may not always. */
  readonly leading: () => boolean;
  readonly clock: Clock;
  readonly choices: PlanChoices;
}

/** How a round ended: `behind`: something is left to do, failed, or could not be read; `locked`: somebody else holds the stack. */
type RoundEnd = "in step" | "behind" | "locked";

// At once when quiet, at most every second under a storm; events of one `kubectl apply` go together.
const schedulePolicy: SchedulePolicy = { minimumGapMs: 1_000, settleMs: 20 };

/** Keeps the clusters of one stack in step, round by round. */
export class StackLoop {
  readonly #options: StackLoopOptions;
  readonly #clusters: TrackedClusters;
  readonly #retries: Retries;
  #recorded: ReadonlyMap<string, RecordedCluster> = new Map();
  #config: Config | undefined;
  #schedule: Schedule = {};
  #dueAt = 0;
  /** Why the next update is to be a full one. */
  #full: Trigger | undefined = "start";
  #wake: () => void = () => undefined;

  constructor(options: StackLoopOptions) {
    this.#options = options;
    this.#retries = new Retries(options.clock);
    this.#clusters = new TrackedClusters({
      ...options,
      onChange: () => this.#event(),
      onBack: () => this.#lookNow(),
    });
  }

  /** Rounds until the signal; an update that runs then is let end, and none is begun any more. */
  async run(signal: AbortSignal): Promise<void> {
    let trigger: Trigger | undefined = "start";
    signal.addEventListener("abort", () => this.#wake());
    try {
      while (trigger !== undefined) {
        await this.#round(trigger, signal);
        trigger = await this.#nextTrigger(signal);
      }
    } finally {
      await this.stop();
    }
  }

  /** One round, and further ones only where somebody else holds the stack; true where everything is in step then. */
  async once(signal: AbortSignal): Promise<boolean> {
    try {
      const { clock } = this.#options;
      let end = await this.#round("start", signal);
      while (end === "locked" && !signal.aborted) {
        await pause(clock, (this.#retries.nextAt ?? 0) - clock.now(), signal);
        end = await this.#round("retry", signal);
      }
      return end === "in step";
    } finally {
      await this.stop();
    }
  }

  /** One round; true where everything is in step at its end. A failure is reported, and a later round tries again. */
  async round(trigger: Trigger): Promise<boolean> {
    return (await this.#round(trigger, new AbortController().signal)) === "in step";
  }

  /** Ends the watches. */
  stop(): Promise<void> {
    return this.#clusters.stop();
  }

  /** This process may write from now on; what the one before it did is not known, so all is read anew. */
  takeOver(): void {
    this.#full = "start";
    this.#lookNow();
  }

  #lookNow(): void {
    this.#dueAt = 0;
    this.#wake();
  }

  /** The credentials for a cluster's API server; undefined where the cluster is not tracked. */
  kubeConfigOf(ref: ClusterRef): Promise<KubeConfig> | undefined {
    return this.#clusters.kubeConfigOf(ref);
  }

  async #round(trigger: Trigger, signal: AbortSignal): Promise<RoundEnd> {
    const { clock, drift, observer, stack } = this.#options;
    this.#schedule = withStart(clock.now());
    this.#retries.begin();
    if (trigger !== "change") this.#dueAt = clock.now() + drift.intervalMs;
    try {
      if (trigger !== "change") await this.#lookAround(signal);
      return await this.#planAndUpdate(trigger, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      observer.problems(stack, [{ where: `stack ${stack}`, message: error.message }]);
      this.#retries.pause("failed");
      return "behind";
    }
  }

  #event(): void {
    this.#schedule = withEvent(this.#schedule, this.#options.clock.now());
    this.#wake();
  }

  /** Waits for what comes first: an event's round, a retry, or the interval. Undefined: the loop is to end. */
  async #nextTrigger(signal: AbortSignal): Promise<Trigger | undefined> {
    const { clock } = this.#options;
    for (;;) {
      if (signal.aborted) return undefined;
      const now = clock.now();
      const candidates: readonly (readonly [Trigger, number | undefined])[] = [
        ["change", nextStart(this.#schedule, schedulePolicy)],
        ["interval", this.#dueAt],
        ["retry", this.#retries.nextAt],
      ];
      const due = candidates.find(([, at]) => at !== undefined && at <= now);
      if (due !== undefined) return due[0];
      const next = Math.min(...candidates.map(([, at]) => at ?? Number.POSITIVE_INFINITY));
      await new Promise<void>((resolve) => {
        const cancel = clock.after(next - now, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  /** Reads the configuration and the state, and looks at AWS. */
  async #lookAround(signal: AbortSignal): Promise<void> {
    const { config: readConfig, updates } = this.#options;
    const config = await readConfig();
    if (this.#config !== undefined && config !== this.#config) this.#full = "configuration";
    this.#config = config;
    this.#recorded = await updates.recorded();
    await this.#clusters.lookAround(config, idsOf(this.#recorded), signal);
  }

  /** Plans with what is known now, and updates what is to change. */
  async #planAndUpdate(trigger: Trigger, signal: AbortSignal): Promise<RoundEnd> {
    const { clock, stack, updates, leading } = this.#options;
    const seen = this.#clusters.takeSeen();
    const planned = await this.#plan();
    if (!leading()) this.#retries.forget();
    const ready = this.#retries.ready(planned);
    const touched = touchedOf(ready, stack);
    // Providers and components of a cluster that the state does not know are made by a full update only.
    const isNew = touched?.planned.some(({ plan }) => !this.#recorded.has(clusterKey(plan.cluster))) ?? false;
    const full = this.#full !== undefined || isNew;
    if (touched === undefined && !full) return this.#endOf(planned);
    if (this.#retries.paused || signal.aborted || !leading()) {
      this.#clusters.giveBack(seen);
      return this.#endOf(planned);
    }
    const about = full ? planned : ready;
    const request = {
      trigger: trigger === "retry" ? trigger : (this.#full ?? trigger),
      ...(full ? { full: planned } : {}),
      touched: touchedOf(about, stack),
      recorded: this.#recorded,
      seen,
    };
    const before = this.#full;
    // Asked for once more while the update runs, it stays asked for.
    this.#full = undefined;
    const started = clock.steady();
    const end = await updates.update(request);
    const took = clock.steady() - started;
    if (end.reached !== "nothing") this.#retries.worked();
    else {
      this.#full ??= before;
      this.#clusters.giveBack(seen);
      if (end.locked) this.#retries.pause("locked");
      else if (full || end.preview) this.#retries.pause("failed");
    }
    if (end.locked) return "locked";
    if (end.preview) return end.reached === "all" ? this.#endOf(planned) : "behind";
    this.#recorded = end.recorded ?? (await updates.recorded());
    this.#note(end.outcomes);
    // Observers see the clusters as they are now; what is left then waits for its next attempt.
    const left = await this.#plan();
    this.#retries.after(about, left, took);
    return end.reached === "all" ? this.#endOf(left) : "behind";
  }

  #endOf(planned: readonly PlannedCluster[]): RoundEnd {
    const isPending = !this.#options.updates.dry && changesOf(planned).size > 0;
    const isHeld = planned.some(({ plan, source }) => source !== undefined && plan.blocked !== undefined);
    const isUnread = this.#clusters.problems.some(({ kind }) => kind === "failure");
    return isPending || isHeld || isUnread ? "behind" : "in step";
  }

  /** Plans every cluster with what is known now, and says so. */
  async #plan(): Promise<readonly PlannedCluster[]> {
    const { choices, clock, observer, stack } = this.#options;
    const clusters = await this.#clusters.found();
    const { problems } = this.#clusters;
    const planned = planAll({ clusters, problems }, this.#recorded, choices);
    for (const { plan, source } of planned) {
      // Without a source it is not followed: kept as the state has it, and nobody's to bring in step.
      if (source !== undefined) observer.planned(stack, plan, clock.now(), plan.decisions.some(isChange));
    }
    return planned;
  }

  /** Takes note of what was written: AWS's lists may not show it yet. */
  #note(outcomes: readonly Outcome[]): void {
    const at = this.#options.clock.now();
    for (const { cluster, decision, association, change } of outcomes) {
      const id = association?.id ?? decision.associationId;
      if (change === "failed" && decision.roleArn !== undefined) this.#clusters.doubtRole(decision.roleArn);
      if (id === undefined || change === "failed") continue;
      const written = association === undefined ? {} : { association };
      this.#clusters.wrote(cluster, decision, { at, id, ...written });
    }
  }
}
