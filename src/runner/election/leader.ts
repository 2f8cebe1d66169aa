import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { KubeConfig } from "@kubernetes/client-node";
import { kubernetesLease, type LeaseStore, microTime, type StoredLease } from "../../kubernetes/leases.ts";
import { unlessAborted } from "../../kubernetes/request.ts";
import { reusedKubeConfig } from "../../kubernetes/reusedKubeConfig.ts";
import { type Clock, deadline, pause, systemClock } from "../clock.ts";
import {
  type ElectionPolicy,
  type ElectionStep,
  electionStep,
  heldRecord,
  nextLookMs,
  type ObservedLease,
  releasedRecord,
} from "./election.ts";

/** As client-go's defaults. A candidate takes over within 15 s after the last renewal that it saw, 17.4 s after it was made. */
const POLICY: ElectionPolicy = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
/** One that hangs leaves time for another before the renew deadline. */
const REQUEST_MS = 4_000;

/** Whom the election tells. */
export interface ElectionOptions {
  /** Whether this process may write. */
  readonly onChange: (leading: boolean, at: number) => void;
  /** Why the Lease can't be had, once for each reason; undefined: it can again. */
  readonly onProblem?: (message: string | undefined) => void;
  readonly clock?: Clock;
  /** 0 to 1, for waits that differ. */
  readonly random?: () => number;
}

/** The Lease's place: the same for all candidates. */
export interface ElectionPlace {
  /** Is asked anew every some minutes, and after each failure. */
  readonly kubeConfig: () => Promise<KubeConfig>;
  readonly namespace: string;
  readonly name: string;
}

/** Part in the election of a leader. */
export interface LeaderElection {
  /** Written into the Lease: the host's name and a word that is this process' own. */
  readonly identity: string;
  /** True while this process may write. Looks at the clock: true no longer than the Lease is safe, whatever else hangs. */
  leading(): boolean;
  /** Takes part no more and releases the Lease, so that another one leads at once. Call it when no update runs. */
  stop(): Promise<void>;
}

/** Takes part in the election of a leader by a Kubernetes Lease, until it is stopped. */
export function startLeaderElection(options: ElectionOptions & ElectionPlace): LeaderElection {
  const { clock = systemClock, namespace, name } = options;
  const config = reusedKubeConfig(options.kubeConfig, () => clock.steady());
  return electLeader(kubernetesLease({ config, namespace, name }), options);
}

/** Takes part in an election by a Lease, wherever that is kept. */
export function electLeader(lease: LeaseStore, options: ElectionOptions): LeaderElection {
  const candidate = new Candidate(lease, options);
  const ended = candidate.run();
  return {
    identity: candidate.identity,
    leading: () => candidate.leading(),
    stop: () => {
      candidate.end();
      return ended;
    },
  };
}

class Candidate {
  readonly identity = `${hostname()}_${randomUUID()}`;
  readonly #options: ElectionOptions;
  readonly #clock: Clock;
  readonly #lease: LeaseStore;
  readonly #stopped = new AbortController();

  /** What a write of ours left there: renewed without a read. */
  #held: StoredLease | undefined;
  #observed: ObservedLease | undefined;
  /** This process may write until then, of the steady clock. */
  #until: number | undefined;
  #cancelGiveUp = () => {};
  /** True as soon as a write of ours may have arrived. */
  #mayHold = false;
  #problem: string | undefined;

  constructor(lease: LeaseStore, options: ElectionOptions) {
    this.#lease = lease;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  leading(): boolean {
    return this.#until !== undefined && this.#clock.steady() < this.#until;
  }

  end(): void {
    this.#stopped.abort(new Error("the election is stopped"));
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const random = this.#options.random ?? Math.random;
    while (!signal.aborted) {
      const step = await this.#attempt(signal);
      const wait = nextLookMs(step, this.#clock.steady(), random(), POLICY);
      await pause(this.#clock, wait, signal);
    }
    this.#giveUp();
    if (this.#mayHold) await this.#release();
  }

  /** One look at the Lease; undefined where it failed. */
  async #attempt(signal: AbortSignal): Promise<ElectionStep | undefined> {
    const limit = deadline(this.#clock, signal);
    try {
      limit.set(REQUEST_MS, `the Lease was not answered for within ${REQUEST_MS / 1000} s`);
      const step = await unlessAborted(limit.signal, this.#step(limit.signal));
      this.#tellProblem(undefined);
      return step;
    } catch (error) {
      // Whether a write that failed arrived is not known: the next attempt reads.
      this.#held = undefined;
      const cause = limit.signal.aborted ? limit.signal.reason : error;
      if (!signal.aborted) this.#tellProblem(cause instanceof Error ? cause.message : String(cause));
      return undefined;
    } finally {
      limit.clear();
    }
  }

  async #step(signal: AbortSignal): Promise<ElectionStep> {
    const lease = this.#held ?? (await this.#lease.read(signal));
    signal.throwIfAborted();
    const now = this.#clock.steady();
    const step = electionStep(lease?.record, now, this.#observed, this.identity, POLICY);
    this.#observed = step.observed;
    if (step.action === "wait") {
      this.#giveUp();
      return step;
    }
    const time = microTime(this.#clock.now());
    const record = heldRecord(lease?.record, this.identity, POLICY, time);
    this.#mayHold = true;
    const written = await this.#lease.write(record, lease, signal);
    signal.throwIfAborted();
    const unread = this.#held !== undefined;
    this.#held = written;
    // Somebody else wrote, perhaps only a label: what it says now decides.
    if (written === undefined && unread) return this.#step(signal);
    // Counted from before the write: nobody can have seen the renewal earlier.
    if (written !== undefined) this.#lead(now + POLICY.renewDeadlineMs);
    return step;
  }

  #lead(until: number): void {
    const left = until - this.#clock.steady();
    if (left <= 0) return;
    const led = this.#until !== undefined;
    this.#until = until;
    this.#cancelGiveUp();
    this.#cancelGiveUp = this.#clock.after(left, () => this.#giveUp());
    if (!led) this.#options.onChange(true, this.#clock.now());
  }

  #giveUp(): void {
    this.#cancelGiveUp();
    if (this.#until === undefined) return;
    this.#until = undefined;
    this.#options.onChange(false, this.#clock.now());
  }

  /** Lets the Lease go where it is ours; where that fails, it runs out. */
  async #release(): Promise<void> {
    const limit = deadline(this.#clock, new AbortController().signal);
    try {
      limit.set(REQUEST_MS, "the Lease was not released in time");
      await unlessAborted(limit.signal, this.#releaseOnce(limit.signal));
    } catch (error) {
      this.#tellProblem(error instanceof Error ? error.message : String(error));
    } finally {
      limit.clear();
    }
  }

  async #releaseOnce(signal: AbortSignal): Promise<void> {
    // Read, as a renewal may have been under way when the election was stopped.
    const lease = await this.#lease.read(signal);
    if (lease?.record.holder !== this.identity) return;
    await this.#lease.write(releasedRecord(lease.record, microTime(this.#clock.now())), lease, signal);
  }

  #tellProblem(message: string | undefined): void {
    if (message === this.#problem) return;
    this.#problem = message;
    this.#options.onProblem?.(message);
  }
}
