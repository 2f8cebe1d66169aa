import type { LiveAssociation, RecordedAssociation } from "../model/association.ts";
import type { ClusterRef } from "../model/cluster.ts";
import { keyOf } from "../model/serviceAccount.ts";
import { asRecorded } from "./decide.ts";
import { byNamespaceAndName, preferredRecord } from "./row.ts";
import type { ClusterPlan, Decision } from "./types.ts";

/**
 * The plan of a cluster of which nothing is known but what the state holds:
 * all of that stays, declared as it is recorded.
 * @param live what AWS was seen to hold, where that much could be read
 */
export function keepRecorded(
  cluster: ClusterRef,
  recorded: readonly RecordedAssociation[],
  reason: string,
  live: readonly LiveAssociation[] = [],
): ClusterPlan {
  const byKey = Map.groupBy(recorded, keyOf);
  const decisions = [...byKey.values()]
    .flatMap((records) => preferredRecord(records, live) ?? [])
    .map((record) => keepUnread(record, reason))
    .sort(byNamespaceAndName);
  return { cluster, decisions, blocked: reason };
}

function keepUnread(recorded: RecordedAssociation, reason: string): Decision {
  const { namespace, name, id, spec } = recorded;
  return {
    namespace,
    name,
    action: "keep",
    cause: "unreadable",
    reason: `kept as recorded, ${reason}`,
    associationId: id,
    roleArn: spec.roleArn,
    declared: asRecorded(recorded),
  };
}
