/** The time, and what happens later; the tests have one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch, for people. */
  now(): number;
  /** Milliseconds of a clock that nobody sets: for lengths of time. */
  steady(): number;
  /** Calls `run` once, so many milliseconds from now; the function returned prevents it. */
  after(milliseconds: number, run: () => void): () => void;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Settles so many milliseconds from now, or as soon as the signal is aborted. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(milliseconds, done);
    signal.addEventListener("abort", done);
  });
}

/** A signal that is aborted with another one, or when its time is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Its time is over so many milliseconds from now, instead of what was set before; `why` says what took so long. */
  set(milliseconds: number, why: string | Error): void;
  /** It is aborted no more. */
  clear(): void;
}

/** A deadline without an end yet. It has to be cleared. */
export function deadline(clock: Clock, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  let cancel = () => {};
  const abort = () => controller.abort(parent.reason);
  if (parent.aborted) abort();
  parent.addEventListener("abort", abort);
  return {
    signal: controller.signal,
    set(milliseconds, why) {
      cancel();
      const reason = why instanceof Error ? why : new Error(why);
      cancel = clock.after(milliseconds, () => controller.abort(reason));
    },
    clear() {
      cancel();
      parent.removeEventListener("abort", abort);
    },
  };
}

/** Bounds of the waits between attempts, in milliseconds. */
export interface BackoffPolicy {
  readonly minimumMs: number;
  readonly maximumMs: number;
}

/**
 * The wait before an attempt: between the minimum and a bound that doubles with each failure, so that many who
 * failed at the same time don't come back at the same time.
 * @param failures in a row, 1 or more
 * @param random 0 to 1
 */
export function backoff(failures: number, random: number, policy: BackoffPolicy): number {
  const bound = Math.min(policy.maximumMs, policy.minimumMs * 2 ** failures);
  return policy.minimumMs + random * (bound - policy.minimumMs);
}
