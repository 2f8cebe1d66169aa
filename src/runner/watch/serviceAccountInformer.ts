import type { KubeConfig } from "@kubernetes/client-node";
import { unlessAborted } from "../../kubernetes/request.ts";
import { listServiceAccountsForWatch, type ServiceAccountList } from "../../kubernetes/serviceAccounts.ts";
import {
  RelistError,
  type ServiceAccountEvent,
  type WatchRange,
  watchServiceAccounts,
} from "../../kubernetes/watchServiceAccounts.ts";
import type { Listing } from "../../model/listing.ts";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import type { AnnotationKeys } from "../../plan/types.ts";
import { backoff, type Clock, type Deadline, deadline, pause, systemClock } from "../clock.ts";
import type { WatchState } from "../types.ts";
import { changesBetween, isSame, type ServiceAccountStore, slim, storeOf } from "./serviceAccountStore.ts";

/** Where an informer reads; both calls end with the signal. */
export interface ServiceAccountSource {
  list(signal: AbortSignal): Promise<ServiceAccountList>;
  /** Settles when the watch is open. See {@link watchServiceAccounts} for what it and its events throw. */
  watch(range: WatchRange, signal: AbortSignal): Promise<AsyncIterable<ServiceAccountEvent>>;
}

/** What an informer keeps, and whom it tells. */
export interface InformerOptions {
  /** Keys of the annotations that are kept, and whose change is a change. */
  readonly annotations: AnnotationKeys;
  /** What was not listed or watched for so long is no knowledge any more. */
  readonly staleAfterMs: number;
  /** A ServiceAccount came, went, or had an annotation that matters changed; not told for the first list. */
  readonly onChange: (ref: ServiceAccountRef, at: number) => void;
  readonly onState?: (watch: WatchState, at: number) => void;
  /** A list was read: the first one, and where the watch could not go on. */
  readonly onRelist?: (items: readonly ServiceAccount[]) => void;
  readonly clock?: Clock;
  /** 0 to 1, for waits that differ. */
  readonly random?: () => number;
}

/** Follows the ServiceAccounts of one cluster until it is stopped. */
export interface Informer {
  /** Settles when the first list was read or has failed (see `snapshot`), or at the stop; never rejects. */
  readonly synced: Promise<void>;
  /** The ServiceAccounts as last known; failed where they never were, or are no longer. */
  snapshot(): Listing<ServiceAccount>;
  /** Ends the watch; nothing is told afterwards. */
  stop(): Promise<void>;
}

const BACKOFF = { minimumMs: 500, maximumMs: 30_000 };
/** A watch that ends sooner than this counts as a failure, even where it ends in good order: no tight loop. */
const SETTLED_MS = 10_000;
const CONNECT_MS = 30_000;
/**
 * API servers send a bookmark a minute, mostly. A watch that says nothing for so
 * long may be one whose packets are dropped on the way, and is opened anew.
 */
const SILENT_MS = 90_000;
/** Short enough that a token of 15 minutes is replaced; they differ by cluster. */
const WATCH_SECONDS = { minimum: 240, spread: 60 };

/** Nothing was heard of an open watch. */
class SilentError extends Error {}

/** The API server to follow, and who is told of its lists. */
export interface ApiServerOptions {
  /** Asked at each list and watch: EKS's tokens expire. */
  readonly kubeConfig: () => Promise<KubeConfig>;
  /** A list of all ServiceAccounts, its pages together, has ended. */
  readonly onListed?: (ok: boolean, durationMs: number) => void;
}

/** Follows a cluster's ServiceAccounts over its API server. */
export function startInformer(options: InformerOptions & ApiServerOptions): Informer {
  const { kubeConfig, onListed = () => undefined, clock = systemClock } = options;
  return followServiceAccounts(
    {
      async list() {
        const config = await kubeConfig();
        const started = clock.steady();
        try {
          const list = await listServiceAccountsForWatch(config);
          onListed(true, clock.steady() - started);
          return list;
        } catch (error) {
          onListed(false, clock.steady() - started);
          throw error;
        }
      },
      watch: async (range, signal) => watchServiceAccounts(await kubeConfig(), range, signal),
    },
    options,
  );
}

/** Follows ServiceAccounts wherever they are read. */
export function followServiceAccounts(source: ServiceAccountSource, options: InformerOptions): Informer {
  const follower = new Follower(source, options);
  const ended = follower.run();
  return {
    synced: follower.synced,
    snapshot: () => follower.snapshot(),
    stop: () => {
      follower.end();
      return ended;
    },
  };
}

class Follower {
  readonly #source: ServiceAccountSource;
  readonly #options: InformerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #stopped = new AbortController();
  readonly #synced = Promise.withResolvers<void>();

  #store: Map<string, ServiceAccount> | undefined;
  /** Where the next watch begins; undefined: list first. */
  #resourceVersion: string | undefined;
  /** When the store was last known to be as the cluster; undefined: it is, the watch is open. */
  #knownAt: number | undefined;
  #openedAt: number | undefined;
  #heardAt = 0;
  #reason: string | undefined;
  #failures = 0;
  #live = false;

  constructor(source: ServiceAccountSource, options: InformerOptions) {
    this.#source = source;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#knownAt = this.#clock.steady();
  }

  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  snapshot(): Listing<ServiceAccount> {
    const why = this.#reason === undefined ? "" : `: ${this.#reason}`;
    if (this.#store === undefined) return { state: "failed", reason: `ServiceAccounts not listed yet${why}` };
    if (!this.#stale()) return { state: "complete", items: [...this.#store.values()] };
    const seconds = Math.round(this.#age() / 1000);
    return { state: "failed", reason: `ServiceAccounts not watched for ${seconds} s${why}` };
  }

  end(): void {
    this.#stopped.abort(new Error("the informer is stopped"));
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    this.#tell({ state: "connecting" });
    while (!signal.aborted) {
      const limit = deadline(this.#clock, signal);
      try {
        // What changed while nobody looked for so long is better read whole than followed.
        if (this.#resourceVersion === undefined || this.#stale()) await this.#list(limit);
        await this.#watch(limit);
        if (!this.#settled()) throw new Error("the API server ended the watch at once");
        this.#failures = 0;
      } catch (thrown) {
        const error = limit.signal.aborted ? limit.signal.reason : thrown;
        if (error instanceof SilentError) this.#knownAt = this.#heardAt;
        else if (!signal.aborted) await this.#fail(error);
      } finally {
        limit.clear();
        this.#closed();
      }
    }
    this.#synced.resolve();
  }

  async #list(limit: Deadline): Promise<void> {
    const startedAt = this.#clock.steady();
    limit.set(2 * CONNECT_MS, `list serviceaccounts: not read within ${(2 * CONNECT_MS) / 1000} s`);
    const list = await unlessAborted(limit.signal, this.#source.list(limit.signal));
    const before: ServiceAccountStore | undefined = this.#store;
    this.#store = storeOf(list.items, this.#options.annotations);
    this.#resourceVersion = list.resourceVersion;
    this.#knownAt = startedAt;
    this.#synced.resolve();
    this.#options.onRelist?.([...this.#store.values()]);
    const at = this.#clock.now();
    if (before !== undefined) {
      for (const ref of changesBetween(before, this.#store)) this.#options.onChange(ref, at);
    }
  }

  /** Settles when the API server ends the watch in good order. */
  async #watch(limit: Deadline): Promise<void> {
    const timeoutSeconds = WATCH_SECONDS.minimum + Math.floor(this.#random() * WATCH_SECONDS.spread);
    const range = { resourceVersion: this.#resourceVersion ?? "", timeoutSeconds };
    limit.set(CONNECT_MS, `watch serviceaccounts: no answer within ${CONNECT_MS / 1000} s`);
    const events = await unlessAborted(limit.signal, this.#source.watch(range, limit.signal));
    this.#openedAt = this.#clock.steady();
    this.#knownAt = undefined;
    this.#reason = undefined;
    this.#heard(limit);
    this.#tell({ state: "live" });
    for await (const event of events) {
      if (limit.signal.aborted) break;
      this.#heard(limit);
      this.#apply(event);
    }
    limit.signal.throwIfAborted();
  }

  #heard(limit: Deadline): void {
    this.#heardAt = this.#clock.steady();
    limit.set(SILENT_MS, new SilentError());
  }

  #apply(event: ServiceAccountEvent): void {
    this.#resourceVersion = event.resourceVersion;
    if (event.type === "bookmark" || this.#store === undefined) return;
    const key = keyOf(event.serviceAccount);
    const before = this.#store.get(key);
    const after = event.type === "set" ? slim(event.serviceAccount, this.#options.annotations) : undefined;
    if (isSame(before, after)) return;
    if (after === undefined) this.#store.delete(key);
    else this.#store.set(key, after);
    const { namespace, name } = event.serviceAccount;
    this.#options.onChange({ namespace, name }, this.#clock.now());
  }

  async #fail(error: unknown): Promise<void> {
    if (error instanceof RelistError) this.#resourceVersion = undefined;
    this.#failures = this.#settled() ? 1 : this.#failures + 1;
    this.#closed();
    this.#reason = error instanceof Error ? error.message : String(error);
    this.#tell({ state: "connecting", reason: this.#reason });
    this.#synced.resolve();
    const wait = backoff(this.#failures, this.#random(), BACKOFF);
    await pause(this.#clock, wait, this.#stopped.signal);
  }

  #closed(): void {
    this.#openedAt = undefined;
    this.#knownAt ??= this.#clock.steady();
  }

  /** True where the watch was open for a while. */
  #settled(): boolean {
    return this.#openedAt !== undefined && this.#clock.steady() - this.#openedAt >= SETTLED_MS;
  }

  #age(): number {
    return this.#knownAt === undefined ? 0 : this.#clock.steady() - this.#knownAt;
  }

  #stale(): boolean {
    return this.#age() > this.#options.staleAfterMs;
  }

  #tell(watch: WatchState): void {
    const live = watch.state === "live";
    // A watch that ended in good order and was opened again was never away.
    if (live && this.#live) return;
    this.#live = live;
    this.#options.onState?.(watch, this.#clock.now());
  }
}
