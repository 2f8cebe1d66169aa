import { isDeepStrictEqual } from "node:util";
import type { KubeConfig } from "@kubernetes/client-node";
import { type AwsClients, awsClientPool } from "../../aws/clients.ts";
import type { AwsScope } from "../../aws/scope.ts";
import type { Config } from "../../config/config.ts";
import { type Problem, type SelectedCluster, scopeOf } from "../../discovery/clusters.ts";
import { selectAll, tagLookups } from "../../discovery/discover.ts";
import { RoleLookups } from "../../discovery/roleTrust.ts";
import { kubeConfigFor } from "../../kubernetes/access.ts";
import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import { keyOf, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import type { FoundCluster } from "../../program/planned.ts";
import { type Clock, pause } from "../clock.ts";
import type { RunnerObserver } from "../types.ts";
import { type Informer, startInformer } from "../watch/serviceAccountInformer.ts";
import type { RecentWrite } from "./recentWrites.ts";
import { RememberedClusters } from "./rememberedClusters.ts";
import { type ClusterReaders, type DriftPolicy, TrackedCluster } from "./trackedCluster.ts";

/** What a stack's clusters are followed with. */
export interface TrackedClustersOptions {
  readonly stack: string;
  readonly observer: Required<RunnerObserver>;
  readonly drift: DriftPolicy;
  readonly clock: Clock;
  /**
   * A look at AWS goes on without the clusters that have not answered after so
   * long; their answer is a change of its own. Undefined: all are waited for.
   */
  readonly patienceMs?: number;
  /** A ServiceAccount has changed, or a late cluster has answered. */
  readonly onChange: () => void;
  /** A cluster's ServiceAccounts are known after all: AWS is to be looked at for it. */
  readonly onBack: () => void;
}

/** When the watch saw what asked for a change, by cluster key and `namespace/name`. */
export type Seen = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** The clusters that a stack's configuration selects, each watched and looked at on its own. */
export class TrackedClusters {
  readonly #options: TrackedClustersOptions;
  readonly #clientsOf: (scope: AwsScope) => AwsClients;
  readonly #remembered: RememberedClusters;
  readonly #tracked = new Map<string, TrackedCluster>();
  /** Looks at AWS that have not ended yet. */
  readonly #reading = new Map<string, Promise<void>>();
  /** What a look that nobody waited for any more failed with, against all expectation. */
  #broken: { readonly error: unknown } | undefined;
  #problems: readonly Problem[] = [];
  #roles: RoleLookups;
  #rolesReadAt = Number.NEGATIVE_INFINITY;
  /** ARNs of the roles that do not trust Pod Identity, or of which that is not known. */
  #doubtfulRoles: ReadonlySet<string> = new Set();
  #config: Config | undefined;

  constructor(options: TrackedClustersOptions) {
    this.#options = options;
    this.#clientsOf = awsClientPool(options.observer.apiCalled);
    this.#remembered = new RememberedClusters(this.#clientsOf, options.clock, options.drift.periodMs);
    this.#roles = new RoleLookups(this.#clientsOf);
  }

  /** What of the configuration could not be read or used. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Finds the clusters, and lists their associations; `signal` ends the wait for them. */
  async lookAround(
    config: Config,
    recordedIds: ReadonlyMap<string, ReadonlySet<string>>,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken.error;
    this.#renewRoles(config);
    for (const { selected, isReadable } of this.#tracked.values()) {
      if (!isReadable) this.#remembered.forget(scopeOf(selected.entry), selected.ref.name);
    }
    const selection = await selectAll(config, (scope) => this.#remembered.of(scope));
    // What could not be found in this round is no reason to forget what is known of it.
    await this.#track(selection.clusters, selection.problems.length > 0 && config === this.#config);
    this.#config = config;
    this.#problems = selection.problems;
    const tagsOf = tagLookups(this.#clientsOf);
    const reads = Array.from(this.#tracked, ([key, tracked]) => {
      const { entry } = tracked.selected;
      const scope = scopeOf(entry);
      const readers = { aws: this.#clientsOf(scope), tags: tagsOf(scope) };
      return this.#read(key, tracked, readers, recordedIds.get(key) ?? new Set());
    });
    await this.#patiently(reads, signal);
    this.#report([...selection.problems, ...this.#roles.problems()]);
  }

  /** All that is known now, for the plan. */
  async found(): Promise<readonly FoundCluster[]> {
    this.#roles.restart();
    const clusters = await Promise.all(
      Array.from(this.#tracked.values(), (tracked) => {
        const { entry } = tracked.selected;
        return tracked.found(this.#roles.of(entry, scopeOf(entry)));
      }),
    );
    this.#doubtfulRoles = new Set(
      clusters.flatMap(({ roleTrust }) =>
        [...roleTrust].flatMap(([roleArn, { state }]) => (state === "trusted" ? [] : [roleArn])),
      ),
    );
    return clusters;
  }

  /** A good role is read again with the drift period; one that is not good is about to be mended. */
  #renewRoles(config: Config): void {
    const { clock, drift } = this.#options;
    const isOld = drift.periodMs > 0 && clock.now() - this.#rolesReadAt >= drift.periodMs;
    if (config === this.#config && !isOld) {
      this.#roles.forget(this.#doubtfulRoles);
      return;
    }
    this.#roles = new RoleLookups(this.#clientsOf);
    this.#rolesReadAt = clock.now();
  }

  /** Takes note of what was written: AWS's lists may not show it yet. */
  wrote(cluster: ClusterRef, ref: ServiceAccountRef, write: RecentWrite): void {
    this.#tracked.get(clusterKey(cluster))?.wrote(ref, write);
  }

  /** An association with this role was refused: whether it is still there is looked up before it is tried again. */
  doubtRole(roleArn: string): void {
    this.#roles.forget(new Set([roleArn]));
  }

  /** What was seen since it was last taken; it is taken up now. */
  takeSeen(): Seen {
    return new Map(
      Array.from(this.#tracked, ([key, { seenAt }]) => {
        const taken = new Map(seenAt);
        seenAt.clear();
        return [key, taken] as const;
      }),
    );
  }

  /** What was taken up and came to nothing: the next update is about it, too. */
  giveBack(seen: Seen): void {
    for (const [key, taken] of seen) {
      const seenAt = this.#tracked.get(key)?.seenAt;
      for (const [account, at] of taken) seenAt?.set(account, at);
    }
  }

  /** The credentials for a cluster's API server; undefined where the cluster is not tracked. */
  kubeConfigOf(ref: ClusterRef): Promise<KubeConfig> | undefined {
    const selected = this.#tracked.get(clusterKey(ref))?.selected;
    if (selected === undefined) return undefined;
    return kubeConfigFor(ref, selected.access, this.#clientsOf(scopeOf(selected.entry)).sts);
  }

  /** Ends the watches. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#tracked.values(), ({ watch }) => watch.stop()));
    this.#tracked.clear();
  }

  async #patiently(reads: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
    const { clock, patienceMs, onChange } = this.#options;
    const enough = new AbortController();
    const limit = patienceMs === undefined ? [] : [pause(clock, patienceMs, enough.signal)];
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { signal: enough.signal });
    });
    let waiting = true;
    const all = reads.map((read) =>
      read.then(
        () => (waiting ? undefined : onChange()),
        (error: unknown) => {
          if (waiting) throw error;
          this.#broken = { error };
          onChange();
        },
      ),
    );
    try {
      await Promise.race([Promise.all(all), stopped, ...limit]);
    } finally {
      waiting = false;
      enough.abort();
    }
  }

  /** One look at a cluster's associations; a second one begins when the first has ended. */
  #read(
    key: string,
    tracked: TrackedCluster,
    readers: ClusterReaders,
    recordedIds: ReadonlySet<string>,
  ): Promise<void> {
    const { clock, drift, observer, stack } = this.#options;
    const look = async () => {
      const started = clock.steady();
      await tracked.watch.synced;
      await tracked.readAws(readers, recordedIds, drift, clock.now());
      if (this.#tracked.get(key) === tracked) {
        observer.clusterRead(stack, tracked.selected.ref, clock.steady() - started);
      }
    };
    const reading = this.#reading.get(key) ?? look().finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  #report(problems: readonly Pick<Problem, "where" | "message">[]): void {
    const { observer, stack } = this.#options;
    observer.problems(stack, problems);
  }

  /** Starts and ends watches, so that they are those of the selected clusters; `keep`: ends none. */
  async #track(selected: readonly SelectedCluster[], keep: boolean): Promise<void> {
    const { observer, stack } = this.#options;
    const keys = new Set(selected.map(({ ref }) => clusterKey(ref)));
    for (const [key, tracked] of this.#tracked) {
      if (keep || keys.has(key)) continue;
      this.#tracked.delete(key);
      await tracked.watch.stop();
      observer.clusterGone(stack, tracked.selected.ref);
    }
    for (const cluster of selected) {
      const key = clusterKey(cluster.ref);
      const known = this.#tracked.get(key);
      if (known !== undefined && haveSameAnnotations(known.selected, cluster)) known.selected = cluster;
      else {
        await known?.watch.stop();
        this.#tracked.set(key, this.#trackedCluster(cluster));
      }
    }
  }

  #trackedCluster(cluster: SelectedCluster): TrackedCluster {
    const { clock, drift, observer, stack, onBack, onChange } = this.#options;
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
        onChange();
      },
      onState(state, at) {
        observer.watchChanged(stack, ref, state, at);
        if (state.state === "live" && tracked.halfRead) onBack();
      },
      onListed: (ok, durationMs) =>
        observer.apiCalled({ cluster: ref.name, api: "serviceaccounts.list", ok, durationMs }),
      clock,
    });
    const tracked = new TrackedCluster(cluster, watch, seenAt);
    return tracked;
  }
}

/** A watch keeps only the annotations that it was begun for. */
function haveSameAnnotations(one: SelectedCluster, other: SelectedCluster): boolean {
  return isDeepStrictEqual(one.entry.rules.annotations, other.entry.rules.annotations);
}
