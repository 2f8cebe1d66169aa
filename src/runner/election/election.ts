import type { LeaseRecord } from "../../kubernetes/leases.ts";

/** A record, and when this process first saw it so. */
export interface ObservedLease {
  readonly record: LeaseRecord;
  /** Milliseconds of this process' steady clock. */
  readonly at: number;
}

/** How leadership is kept and taken, in milliseconds. */
export interface ElectionPolicy {
  /** Others wait so long after the last renewal that they saw. */
  readonly leaseMs: number;
  /** The leader gives up so long after its last renewal; less than `leaseMs`, so that it is always the first to know. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** What to do about a Lease, and what to remember of it. */
export type ElectionStep =
  | { readonly action: "create"; readonly observed?: never }
  | { readonly action: "acquire" | "renew"; readonly observed: ObservedLease }
  /** Somebody else leads, and may until `until` of the steady clock. */
  | { readonly action: "wait"; readonly observed: ObservedLease; readonly until: number };

/**
 * Whether this process may write its name into a Lease. As in client-go, time runs from when this process saw the
 * record change: clocks of other machines are never believed.
 *
 * | Lease                                | Step    |
 * | ------------------------------------ | ------- |
 * | none                                 | create  |
 * | held by this process                 | renew   |
 * | released                             | acquire |
 * | another's, unchanged for its length  | acquire |
 * | another's, else                      | wait    |
 *
 * @param now of the steady clock
 * @param observed what the step before remembered
 */
export function electionStep(
  lease: LeaseRecord | undefined,
  now: number,
  observed: ObservedLease | undefined,
  identity: string,
  policy: ElectionPolicy,
): ElectionStep {
  if (lease === undefined) return { action: "create" };
  const unchanged = observed !== undefined && isSameRecord(observed.record, lease);
  const seen = unchanged ? observed : { record: lease, at: now };
  if (lease.holder === identity) return { action: "renew", observed: seen };
  if (lease.holder === "") return { action: "acquire", observed: seen };
  const until = seen.at + (lease.durationMs > 0 ? lease.durationMs : policy.leaseMs);
  return now < until ? { action: "wait", observed: seen, until } : { action: "acquire", observed: seen };
}

function isSameRecord(one: LeaseRecord, other: LeaseRecord): boolean {
  return (
    one.holder === other.holder &&
    one.durationMs === other.durationMs &&
    one.acquireTime === other.acquireTime &&
    one.renewTime === other.renewTime &&
    one.transitions === other.transitions
  );
}

/**
 * The record that this process writes.
 * @param before what the Lease said; undefined: there was none
 * @param time by this machine's clock, for people
 */
export function heldRecord(
  before: LeaseRecord | undefined,
  identity: string,
  policy: ElectionPolicy,
  time: string,
): LeaseRecord {
  const kept = before?.holder === identity ? before : undefined;
  return {
    holder: identity,
    durationMs: policy.leaseMs,
    acquireTime: kept?.acquireTime ?? time,
    renewTime: time,
    transitions: kept?.transitions ?? (before === undefined ? 0 : before.transitions + 1),
  };
}

/** The record of a Lease that its holder lets go: whoever reads it next may take it. */
export function releasedRecord(before: LeaseRecord, time: string): LeaseRecord {
  // One second, as client-go: a length must be given, and this one holds nobody up.
  return { ...before, holder: "", durationMs: 1000, renewTime: time };
}

/**
 * The wait before the next look at the Lease: the retry period with up to a fifth more, so that candidates spread;
 * but another's Lease is looked at as soon as it may be taken.
 * @param random 0 to 1
 */
export function nextLookMs(
  step: ElectionStep | undefined,
  now: number,
  random: number,
  policy: ElectionPolicy,
): number {
  const retry = policy.retryMs * (1 + random / 5);
  return step?.action === "wait" ? Math.min(retry, Math.max(0, step.until - now)) : retry;
}
