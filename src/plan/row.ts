import {
  carriesTags,
  type LiveAssociation,
  type RecordedAssociation,
  type Tags,
} from "../model/association.ts";
import type { ServiceAccount, ServiceAccountRef } from "../model/serviceAccount.ts";
import { type Desire, desireOf, exclusionOf } from "./desire.ts";
import type { ClusterRules } from "./types.ts";

/** All that is known of one ServiceAccount, there or gone: what it asks for, what AWS holds, what the state holds. */
export interface Row extends ServiceAccountRef {
  /** `absent`: there is no such ServiceAccount. */
  readonly desire: Desire | { readonly state: "absent" };
  readonly live?: LiveAssociation;
  readonly recorded?: RecordedAssociation;
}

/**
 * Joins ServiceAccounts, live and recorded associations by namespace and name,
 * sorted. A ServiceAccount that asks for nothing and has nothing gets no row.
 *
 * Neither Kubernetes, AWS nor a sound state holds a key twice, but pages read
 * while things change, or a state mended by hand, may. What then keeps most
 * alive is taken, whatever the order: the annotated ServiceAccount, the record
 * of what is live, and the live association that is ours.
 */
export function joinRows(
  serviceAccounts: readonly ServiceAccount[],
  live: readonly LiveAssociation[],
  recorded: readonly RecordedAssociation[],
  rules: ClusterRules,
): readonly Row[] {
  const byNamespace = new Map<string, Map<string, Group>>();
  const groups: Group[] = [];
  const groupOf = (ref: ServiceAccountRef): Group => {
    let byName = byNamespace.get(ref.namespace);
    if (byName === undefined) {
      byName = new Map();
      byNamespace.set(ref.namespace, byName);
    }
    let group = byName.get(ref.name);
    if (group === undefined) {
      group = { ref, desires: [], live: [], recorded: [] };
      byName.set(ref.name, group);
      groups.push(group);
    }
    return group;
  };
  // First what Kubernetes lists, which is nearly sorted: sorting is then a short affair.
  for (const serviceAccount of serviceAccounts) {
    const group = groupOf(serviceAccount);
    group.desires = [...group.desires, desireOf(serviceAccount, rules)];
  }
  for (const association of live) {
    const group = groupOf(association);
    group.live = [...group.live, association];
  }
  for (const association of recorded) {
    const group = groupOf(association);
    group.recorded = [...group.recorded, association];
  }
  return groups
    .filter(hasSomethingToSay)
    .map((group) => rowOf(group, rules))
    .sort(byNamespaceAndName);
}

function hasSomethingToSay({ desires, live, recorded }: Group): boolean {
  return live.length > 0 || recorded.length > 0 || desires.some(({ state }) => state !== "unannotated");
}

/** Code-unit order by namespace, then name: the same on every machine. */
export function byNamespaceAndName(a: ServiceAccountRef, b: ServiceAccountRef): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return 0;
}

/** Lists of mostly one: made anew rather than pushed to, which would reserve room for many. */
interface Group {
  readonly ref: ServiceAccountRef;
  desires: readonly Desire[];
  live: readonly LiveAssociation[];
  recorded: readonly RecordedAssociation[];
}

function rowOf(group: Group, rules: ClusterRules): Row {
  const { namespace, name } = group.ref;
  const recorded = preferredRecord(group.recorded, group.live);
  const live = preferredLive(group.live, recorded, rules.tags);
  return {
    namespace,
    name,
    desire: rowDesire(group, rules),
    ...(live === undefined ? {} : { live }),
    ...(recorded === undefined ? {} : { recorded }),
  };
}

/** Exclusion goes by the names alone, so it holds for associations without an annotated ServiceAccount, too. */
function rowDesire(group: Group, rules: ClusterRules): Row["desire"] {
  const desire = strongest(group.desires, desireRank);
  if (desire !== undefined && desire.state !== "unannotated") return desire;
  const exclusion = exclusionOf(group.ref, rules);
  if (exclusion !== undefined) return { state: "excluded", reason: exclusion };
  return desire ?? { state: "absent" };
}

const DESIRE_ORDER: readonly Desire["state"][] = [
  "excluded",
  "wanted",
  "invalid",
  "restricted",
  "unannotated",
];

function desireRank(desire: Desire): string {
  return `${DESIRE_ORDER.indexOf(desire.state)} ${JSON.stringify(desire)}`;
}

/** The record of what is live, else the one with the smallest id. */
export function preferredRecord(
  records: readonly RecordedAssociation[],
  live: readonly LiveAssociation[],
): RecordedAssociation | undefined {
  return strongest(records, (record) => {
    const rank = live.some(({ id }) => id === record.id) ? 0 : 1;
    return `${rank} ${record.id} ${JSON.stringify([record.spec, record.tags])}`;
  });
}

function preferredLive(
  live: readonly LiveAssociation[],
  recorded: RecordedAssociation | undefined,
  tags: Tags,
): LiveAssociation | undefined {
  return strongest(live, (association) => {
    const ours = association.ownerArn === undefined && carriesTags(association.tags, tags);
    const rank = association.id === recorded?.id ? 0 : ours ? 1 : 2;
    return `${rank} ${association.id} ${JSON.stringify(association)}`;
  });
}

/** The item with the smallest rank; ranks are made only where there is a choice. */
function strongest<T>(items: readonly T[], rankOf: (item: T) => string): T | undefined {
  if (items.length < 2) return items[0];
  const ranked = items.map((item) => ({ item, rank: rankOf(item) }));
  return ranked.reduce((best, next) => (next.rank < best.rank ? next : best)).item;
}
