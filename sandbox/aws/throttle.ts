import type { Limit } from "./behaviour.ts";

/** Token buckets by key: each starts full and refills steadily, as "Throttling" in the EC2 API guide describes it. */
export class TokenBuckets {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes one token from the bucket of `key`; false where there is none. `now` is in milliseconds. */
  take(key: string, limit: Limit, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: limit.burst, at: now };
    const refilled = bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * limit.perSecond;
    const tokens = Math.min(limit.burst, refilled);
    const granted = tokens >= 1;
    this.#buckets.set(key, { tokens: granted ? tokens - 1 : tokens, at: now });
    return granted;
  }
}
