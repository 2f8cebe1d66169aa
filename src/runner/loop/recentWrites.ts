import type { LiveAssociation } from "../../model/association.ts";
import { keyOf } from "../../model/serviceAccount.ts";
import { missingTags, specDifferences } from "../../plan/differences.ts";

/** What this process wrote for one ServiceAccount. */
export interface RecentWrite {
  /** When it was done, milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
  /** The association as it is since; absent where it was deleted. */
  readonly association?: LiveAssociation;
}

/** EKS's lists and the tagging API follow a write within seconds; this leaves room, and ends. */
export const VISIBLE_AFTER_MS = 120_000;

/**
 * What AWS holds, as far as its last list and our own writes tell: a list that
 * does not show a write yet must not undo it.
 * @param writes those that the list may not show, by `namespace/name`
 */
export function withRecentWrites(
  listed: readonly LiveAssociation[],
  writes: ReadonlyMap<string, RecentWrite>,
): readonly LiveAssociation[] {
  if (writes.size === 0) return listed;
  const unseen = new Map(writes);
  const kept = listed.flatMap((association) => {
    const key = keyOf(association);
    const write = writes.get(key);
    if (write === undefined) return [association];
    // Another id than ours is what we replaced: one ServiceAccount has one association.
    unseen.delete(key);
    return write.association === undefined ? [] : [write.association];
  });
  return [...kept, ...[...unseen.values()].flatMap(({ association }) => association ?? [])];
}

/**
 * The writes that a list leaves in doubt. One that the list shows is the list's
 * word from then on, so that what is changed outside later is seen at once; so
 * is one that was made long before the list.
 * @param listedFrom when the list was begun, milliseconds since the epoch
 */
export function doubtfulWrites(
  writes: ReadonlyMap<string, RecentWrite>,
  listed: readonly LiveAssociation[],
  listedFrom: number,
): Map<string, RecentWrite> {
  const byId = new Map(listed.map((association) => [association.id, association]));
  return new Map(
    [...writes].filter(([, write]) => {
      if (write.at >= listedFrom) return true;
      return listedFrom - write.at < VISIBLE_AFTER_MS && !shows(byId.get(write.id), write);
    }),
  );
}

function shows(listed: LiveAssociation | undefined, { association }: RecentWrite): boolean {
  if (association === undefined || listed === undefined) return association === listed;
  const { spec, tags } = association;
  const sameRole =
    listed.spec === undefined || spec === undefined || specDifferences(listed.spec, spec).length === 0;
  return sameRole && missingTags(listed.tags, tags).length === 0;
}
