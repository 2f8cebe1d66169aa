import type { KubeConfig } from "@kubernetes/client-node";
import { type AwsClients, type AwsScope, awsClientPool } from "../aws/clients.ts";
import type { Config } from "../config/config.ts";
import { type Problem, type SelectedCluster, scopeOf } from "../discovery/clusters.ts";
import { selectAll, tagLookups } from "../discovery/discover.ts";
import { RoleLookups } from "../discovery/roleTrust.ts";
import { kubeConfigFor } from "../kubernetes/access.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { keyOf } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { type PlannedCluster, planAll } from "../program/planned.ts";
import { idsOf } from "../program/program.ts";
import type { RecordedCluster } from "../program/state.ts";
import { type BackoffPolicy, backoff, type Clock } from "./clock.ts";
import type { Outcome } from "./outcomes.ts";
import { nextStart, type Schedule, type SchedulePolicy, withEvent, withStart } from "./schedule.ts";
import { type Informer, startInformer } from "./serviceAccountInformer.ts";
import type { StackUpdates } from "./stackUpdates.ts";
import { isChange, touchedOf } from "./touched.ts";
import { type DriftPolicy, TrackedCluster } from "./trackedCluster.ts";
import type { RunnerObserver, Trigger } from "./types.ts";

/** What a stack's loop works with. */
export interface StackLoopOptions {
  readonly stack: string;
  /** The configuration as it is now; called at every look at AWS. */
  readonly config: () => Promise<Config>;
  readonly updates: StackUpdates;
  readonly observer: Required<RunnerObserver>;
  readonly drift: DriftPolicy;
  /** Whether this process may write; with leader election it may not always. */
  readonly leading: () => boolean;
  readonly clock: Clock;
  readonly allowedDeletions?: number;
}

// At once when quiet, at most every second under a storm; events of one `kubectl apply` go together.
const schedulePolicy: SchedulePolicy = { minimumGapMs: 1_000, settleMs: 20 };
// What failed is tried again, less and less often.
const retryPolicy: BackoffPolicy = { minimumMs: 2_000, maximumMs: 120_000 };

/** Keeps the clusters of one stack in step, round by round. */
export class StackLoop {
  readonly #options: StackLoopOptions;
  readonly #clientsOf: (scope: AwsScope) => AwsClients;
  readonly #tracked = new Map<string, TrackedCluster>();
  #recorded: ReadonlyMap<string, RecordedCluster> = new Map();
  #problems: readonly Problem[] = [];
  #roles: RoleLookups;
  #config: Config | undefined;
  #schedule: Schedule = {};
  #dueAt = 0;
  #retryAt: number | undefined;
  #full = true;
  #failures = 0;
  #wake: () => void = () => undefined;

  constructor(options: StackLoopOptions) {
    this.#options = options;
    this.#clientsOf = awsClientPool(options.observer.apiCalled);
    this.#roles = new RoleLookups(this.#clientsOf);
  }

  /** Rounds until the signal; a round that is under way is ended properly. */
  async run(signal: AbortSignal): Promise<void> {
    let trigger: Trigger | undefined = "start";
    signal.addEventListener("abort", () => this.#wake());
    while (trigger !== undefined) {
      await this.round(trigger);
      trigger = await this.#nextTrigger(signal);
    }
    await this.stop();
  }

  /** Ends the watches. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#tracked.values(), ({ watch }) => watch.stop()));
    this.#tracked.clear();
  }

  /** This process may write from now on; what the one before it did is not known, so all is read anew. */
  takeOver(): void {
    this.#full = true;
    this.#dueAt = 0;
    this.#wake();
  }

  /** The credentials for a cluster's API server; undefined where the cluster is not tracked. */
  kubeConfigOf(ref: ClusterRef): Promise<KubeConfig> | undefined {
    const selected = this.#tracked.get(clusterKey(ref))?.selected;
    if (selected === undefined) return undefined;
    return kubeConfigFor(ref, selected.access, this.#clientsOf(scopeOf(selected.entry)).sts);
  }

  /** One round; true where everything is in step at its end. A failure is reported, and the next round tries again. */
  async round(trigger: Trigger): Promise<boolean> {
    const { clock, drift, observer, stack } = this.#options;
    this.#schedule = withStart(clock.now());
    this.#retryAt = undefined;
    if (trigger !== "change") this.#dueAt = clock.now() + drift.intervalMs;
    try {
      if (trigger !== "change") await this.#lookAround();
      const inStep = await this.#planAndUpdate(trigger);
      this.#retryLater(inStep);
      return inStep && this.#problems.length === 0;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      observer.problem(stack, `stack ${stack}`, error.message);
      this.#retryLater(false);
      return false;
    }
  }

  #retryLater(inStep: boolean): void {
    this.#failures = inStep ? 0 : this.#failures + 1;
    if (inStep) return;
    this.#retryAt = this.#options.clock.now() + backoff(this.#failures, Math.random(), retryPolicy);
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
        ["retry", this.#retryAt],
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

  /** Reads the configuration, finds clusters, and lists their associations. */
  async #lookAround(): Promise<void> {
    const { config: readConfig, drift, updates } = this.#options;
    const config = await readConfig();
    if (config !== this.#config) this.#full = true;
    this.#config = config;
    this.#recorded = await updates.recorded();
    this.#roles = new RoleLookups(this.#clientsOf);
    const selection = await selectAll(config, this.#clientsOf);
    await this.#track(selection.clusters);
    const tagsOf = tagLookups(this.#clientsOf);
    const ids = idsOf(this.#recorded);
    await Promise.all(
      Array.from(this.#tracked, async ([key, tracked]) => {
        const { entry, ref } = tracked.selected;
        const started = this.#options.clock.steady();
        const scope = scopeOf(entry);
        const readers = {
          aws: this.#clientsOf(scope),
          tags: tagsOf(scope),
          roles: this.#roles.of(entry, scope),
        };
        await tracked.watch.synced;
        await tracked.readAws(readers, ids.get(key) ?? new Set(), drift);
        const { observer, stack, clock } = this.#options;
        observer.clusterRead(stack, ref, clock.steady() - started);
      }),
    );
    this.#report([...selection.problems, ...this.#roles.problems()]);
    this.#problems = selection.problems;
  }

  #report(problems: readonly Problem[]): void {
    const { observer, stack } = this.#options;
    if (problems.length === 0) observer.problemsOver(stack);
    for (const { where, message } of problems) observer.problem(stack, where, message);
  }

  /** Starts and ends watches, so that they are those of the selected clusters. */
  async #track(selected: readonly SelectedCluster[]): Promise<void> {
    const { observer, stack } = this.#options;
    const keys = new Set(selected.map(({ ref }) => clusterKey(ref)));
    for (const [key, tracked] of this.#tracked) {
      // What could not be found in this round is no reason to forget what is known of it.
      if (keys.has(key) || this.#problems.length > 0) continue;
      this.#tracked.delete(key);
      await tracked.watch.stop();
      observer.clusterGone(stack, tracked.selected.ref);
    }
    for (const cluster of selected) {
      const known = this.#tracked.get(clusterKey(cluster.ref));
      if (known !== undefined) known.selected = cluster;
      else this.#tracked.set(clusterKey(cluster.ref), this.#trackedCluster(cluster));
    }
  }

  #trackedCluster(cluster: SelectedCluster): TrackedCluster {
    const { clock, drift, observer, stack } = this.#options;
    const { ref, entry } = cluster;
    const sts = this.#clientsOf(scopeOf(entry)).sts;
    const key = clusterKey(ref);
    const seenAt = new Map<string, number>();
    const watch: Informer = startInformer({
      // As the last look at AWS had it: a cluster that was made again has another endpoint.
      kubeConfig: () => kubeConfigFor(ref, this.#tracked.get(key)?.selected.access ?? cluster.access, sts),
      annotations: entry.rules.annotations,
      staleAfterMs: 2 * drift.intervalMs,
      onChange: (account, at) => {
        if (!seenAt.has(keyOf(account))) seenAt.set(keyOf(account), at);
        this.#event();
      },
      onState: (state, at) => observer.watchChanged(stack, ref, state, at),
      clock,
    });
    return new TrackedCluster(cluster, watch, seenAt);
  }

  /** Plans with what is known now, and updates what is to change. True where nothing is left to do. */
  async #planAndUpdate(trigger: Trigger): Promise<boolean> {
    const { stack, updates, leading } = this.#options;
    const seen = this.#takeSeen();
    const planned = await this.#plan();
    const touched = touchedOf(planned, stack);
    // Providers and components of a cluster that the state does not know are made by a full update only.
    const isNew = touched?.planned.some(({ plan }) => !this.#recorded.has(clusterKey(plan.cluster))) ?? false;
    const full = this.#full || isNew;
    if ((touched === undefined && !full) || !leading()) return true;
    const end = await updates.update(
      full
        ? {
            trigger: this.#full && trigger !== "start" ? "configuration" : trigger,
            full: planned,
            touched,
            seen,
          }
        : { trigger, touched, seen },
    );
    if (end.ok) this.#full = false;
    if (!end.wrote) return end.ok;
    this.#recorded = await updates.recorded();
    this.#note(end.outcomes);
    // Observers see the clusters as they are now; what is left then is the next round's.
    await this.#plan();
    return end.ok;
  }

  /** Plans every cluster with what is known now, and says so. */
  async #plan(): Promise<readonly PlannedCluster[]> {
    const { allowedDeletions, clock, observer, stack } = this.#options;
    const clusters = await Promise.all(
      Array.from(this.#tracked.values(), (tracked) => {
        const { entry } = tracked.selected;
        return tracked.found(this.#roles.of(entry, scopeOf(entry)), clock.now());
      }),
    );
    const planned = planAll({ clusters, problems: this.#problems }, this.#recorded, allowedDeletions);
    for (const { plan } of planned) {
      observer.planned(stack, plan, clock.now(), plan.decisions.some(isChange));
    }
    return planned;
  }

  /** Takes note of what was written: AWS's lists may not show it yet. */
  #note(outcomes: readonly Outcome[]): void {
    for (const { cluster, decision, association, change } of outcomes) {
      const id = association?.id ?? decision.associationId;
      if (id === undefined || change === "failed") continue;
      const write = {
        at: this.#options.clock.now(),
        id,
        ...(association === undefined ? {} : { association }),
      };
      this.#tracked.get(clusterKey(cluster))?.wrote(decision, write);
    }
  }

  /** What was seen since the last plan, by cluster key and ServiceAccount; it is taken up now. */
  #takeSeen(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return new Map(
      Array.from(this.#tracked, ([key, { seenAt }]) => {
        const taken = new Map(seenAt);
        seenAt.clear();
        return [key, taken] as const;
      }),
    );
  }
}
