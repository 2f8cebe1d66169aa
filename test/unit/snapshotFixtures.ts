import type { Config } from "../../src/config/config.ts";
import type { LiveAssociation } from "../../src/model/association.ts";
import type { ClusterRef } from "../../src/model/cluster.ts";
import type { ServiceAccount } from "../../src/model/serviceAccount.ts";
import { UserError } from "../../src/model/userError.ts";
import { type ClusterSnapshot, readSnapshot } from "../../src/snapshot/snapshot.ts";
import { stackConfig } from "./configFixtures.ts";
import { cluster } from "./planFixtures.ts";

/** The snapshot of a cluster whose lists are complete. */
export function clusterSnapshot(
  ref: Partial<ClusterRef> = {},
  serviceAccounts: readonly ServiceAccount[] = [],
  associations: readonly LiveAssociation[] = [],
): ClusterSnapshot {
  return {
    ref: { ...cluster, ...ref },
    serviceAccounts: { state: "complete", items: serviceAccounts },
    associations: { state: "complete", items: associations },
  };
}

/** A configuration with these entries, in the region of the fixtures. */
export function entries(...clusters: readonly object[]): Config {
  return stackConfig(clusters.map((entry) => ({ region: cluster.region, ...entry })));
}

/** The snapshot with this text. */
export function snapshotOf(text: string): readonly ClusterSnapshot[] {
  return readSnapshot({ path: "snapshot.yaml", text });
}

/** The lines of the UserError that `read` throws; none where it throws nothing. */
export function errorLines(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.message.split("\n");
    throw error;
  }
}
