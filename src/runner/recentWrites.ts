import type { LiveAssociation } from "../model/association.ts";
import { keyOf } from "../model/serviceAccount.ts";

/** What this process wrote, and when; `association` is absent where it deleted. By `namespace/name`. */
export interface RecentWrite {
  readonly at: number;
  readonly id: string;
  readonly association?: LiveAssociation;
}

/** EKS's lists and the tagging API follow a write within seconds; this leaves room, and ends. */
export const VISIBLE_AFTER_MS = 120_000;

/**
 * What AWS holds, as far as its lists and our own writes tell: a list that does
 * not show a recent write yet must not undo it. A write that the list shows,
 * or that is old, is the list's word alone.
 */
export function withRecentWrites(
  listed: readonly LiveAssociation[],
  writes: ReadonlyMap<string, RecentWrite>,
  now: number,
): readonly LiveAssociation[] {
  const fresh = new Map([...writes].filter(([, { at }]) => now - at < VISIBLE_AFTER_MS));
  if (fresh.size === 0) return listed;
  const kept = listed.flatMap((association) => {
    const key = keyOf(association);
    const write = fresh.get(key);
    if (write === undefined) return [association];
    // Another id than ours: somebody wrote after us, or the list shows what we replaced; ours is the newer word.
    fresh.delete(key);
    return write.association === undefined ? [] : [write.association];
  });
  const unseen = [...fresh.values()].flatMap(({ association }) => association ?? []);
  return [...kept, ...unseen];
}
