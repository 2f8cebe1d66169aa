import type { PlannedCluster } from "../../program/planned.ts";
import { type BackoffPolicy, backoff, type Clock } from "../clock.ts";
import { type Attempts, changesOf, nextRetry, withAttempts, withoutWaiting } from "./attempts.ts";

// What failed is tried again, less and less often.
const retryPolicy: BackoffPolicy = { minimumMs: 2_000, maximumMs: 120_000 };
// Somebody else's update ends some time, and then the wait should, too.
const lockedPolicy: BackoffPolicy = { minimumMs: 2_000, maximumMs: 15_000 };
/** What fails slowly is left alone for so many times as long as it took. */
const RETRY_SHARE = 4;

/** What of a stack failed, and when it is tried again: the whole, or single associations. */
export class Retries {
  readonly #clock: Clock;
  readonly #random: () => number;
  #attempts: Attempts = new Map();
  #pausedUntil: number | undefined;
  /** Rounds or updates that failed as a whole, in a row. */
  #failures = 0;

  /** @param random 0 to 1, for waits that differ */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** When the next retry is due, milliseconds since the epoch; undefined: nothing is to be tried again. */
  get nextAt(): number | undefined {
    return this.#pausedUntil ?? nextRetry(this.#attempts);
  }

  /** True while nothing is to be updated. */
  get paused(): boolean {
    return this.#pausedUntil !== undefined;
  }

  /** A round begins: a pause that is over ends. */
  begin(): void {
    if (this.#pausedUntil !== undefined && this.#pausedUntil <= this.#clock.now())
      this.#pausedUntil = undefined;
  }

  /** A round or an update failed as a whole, or somebody else held the stack. */
  pause(why: "failed" | "locked"): void {
    this.#failures += 1;
    const policy = why === "locked" ? lockedPolicy : retryPolicy;
    this.#pausedUntil = Math.ceil(this.#clock.now() + backoff(this.#failures, this.#random(), policy));
  }

  /** The engine worked. */
  worked(): void {
    this.#failures = 0;
  }

  /** The part of the plans that an update may take up now. */
  ready(planned: readonly PlannedCluster[]): readonly PlannedCluster[] {
    this.#attempts = withAttempts(this.#attempts, new Map(), changesOf(planned), () => 0);
    return withoutWaiting(planned, this.#attempts, this.#clock.now());
  }

  /**
   * After an update: what it was to change and is still to be changed waits.
   * @param took how long it was, milliseconds
   */
  after(tried: readonly PlannedCluster[], left: readonly PlannedCluster[], took: number): void {
    const now = this.#clock.now();
    this.#attempts = withAttempts(this.#attempts, changesOf(tried), changesOf(left), (failures) => {
      // Each at its own time: one that fails the whole update is soon alone in it.
      const wait = backoff(failures, this.#random(), retryPolicy);
      // The aws provider waits for two minutes for a role that does not exist; others must not mostly wait with it.
      return Math.ceil(now + Math.max(wait, RETRY_SHARE * took));
    });
  }

  /** Whoever leads now tries again by himself. */
  forget(): void {
    this.#attempts = new Map();
  }
}
