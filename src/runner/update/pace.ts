import type { Clock } from "../clock.ts";

/** So many keep the engine busy. All of 5,000 at once take a gigabyte of memory, and are done no sooner. */
export const MOST_ON_THEIR_WAY = 100;
/** The engine says nothing of a resource that it passes over; after so long without a word nobody waits any more. */
export const PATIENCE_MS = 10_000;

/** Lets a program declare its associations at the pace of the engine. */
export class Pace {
  readonly #clock: Clock;
  readonly #canceled: AbortSignal;
  readonly #onTheirWay = new Set<string>();
  #state: "paced" | "open" | "ended" = "paced";
  #goOn: () => void = () => undefined;

  /** @param canceled the update is to end early */
  constructor(clock: Clock, canceled: AbortSignal) {
    this.#clock = clock;
    this.#canceled = canceled;
    canceled.addEventListener("abort", () => this.#goOn());
  }

  /**
   * Settles when this association may be declared, after the end of the update
   * never; one asks at a time. Throws the signal's reason where it is canceled.
   */
  async turn(urn: string): Promise<void> {
    while (this.#isFull && !this.#canceled.aborted) await this.#word();
    if (this.#state === "ended") await new Promise(() => undefined);
    this.#canceled.throwIfAborted();
    this.#onTheirWay.add(urn);
  }

  get #isFull(): boolean {
    return this.#state === "paced" && this.#onTheirWay.size >= MOST_ON_THEIR_WAY;
  }

  /** The engine is done with this resource. */
  done(urn: string): void {
    if (this.#onTheirWay.delete(urn)) this.#goOn();
  }

  /** The update has ended: what was not declared is not declared any more. */
  end(): void {
    this.#state = "ended";
    this.#goOn();
  }

  /** Settles with the engine's next word; one that is silent for too long is not waited for again. */
  #word(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(PATIENCE_MS, () => {
        this.#state = "open";
        resolve();
      });
      this.#goOn = () => {
        cancel();
        resolve();
      };
    });
  }
}
