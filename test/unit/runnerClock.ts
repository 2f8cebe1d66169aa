import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../src/runner/clock.ts";

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  #time = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#time;
  }

  steady(): number {
    return this.#time;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#time + milliseconds, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait: what is stopped leaves none. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves on, and lets everything happen that happens in that time, in its order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#time + milliseconds;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#time = Math.max(this.#time, next.at);
      this.#timers.delete(next);
      next.run();
      await settle();
    }
    this.#time = end;
  }
}

/** Lets all promises that can be settled be so. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn();
}
