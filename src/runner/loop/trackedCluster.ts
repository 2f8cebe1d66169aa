import pLimit from "p-limit";
import type { AwsClients } from "../../aws/clients.ts";
import { describeAssociation } from "../../aws/eks.ts";
import { describeDoubtful, readAssociations, type TagLookup } from "../../discovery/associations.ts";
import type { SelectedCluster } from "../../discovery/clusters.ts";
import { listing } from "../../discovery/listing.ts";
import { type RoleLookup, readRoleTrust } from "../../discovery/roleTrust.ts";
import type { LiveAssociation } from "../../model/association.ts";
import type { Listing } from "../../model/listing.ts";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import type { FoundCluster } from "../../program/planned.ts";
import { driftSlice } from "./driftSlice.ts";
import { doubtfulWrites, type RecentWrite, withRecentWrites } from "./recentWrites.ts";

/** What a tracked cluster reads AWS with; shared by the clusters of an entry. */
export interface ClusterReaders {
  readonly aws: AwsClients;
  /** The tags of this round. */
  readonly tags: TagLookup;
}

/** The ServiceAccounts as the watch knows them. */
export interface WatchedServiceAccounts {
  /** Settles with the first list. */
  readonly synced: Promise<void>;
  snapshot(): Listing<ServiceAccount>;
  stop(): Promise<void>;
}

/** How often AWS is read, and within what time every role is compared. */
export interface DriftPolicy {
  readonly intervalMs: number;
  readonly periodMs: number;
}

/** What the daemon knows of one cluster between two looks at AWS. */
export class TrackedCluster {
  selected: SelectedCluster;
  readonly watch: WatchedServiceAccounts;
  /** When a change of a ServiceAccount was seen that no update has taken up yet, by `namespace/name`. */
  readonly seenAt: Map<string, number>;
  #associations: Listing<LiveAssociation> = { state: "failed", reason: "not read yet" };
  #writes = new Map<string, RecentWrite>();
  #describedUpTo = "";
  /** AWS was read while nothing was known of the ServiceAccounts: what depends on them is still to be read. */
  halfRead = false;

  constructor(selected: SelectedCluster, watch: WatchedServiceAccounts, seenAt: Map<string, number>) {
    this.selected = selected;
    this.watch = watch;
    this.seenAt = seenAt;
  }

  /** True where its API server answers, and its associations could be listed the last time. */
  get isReadable(): boolean {
    return this.#associations.state === "complete" && this.watch.snapshot().state === "complete";
  }

  /**
   * Lists the associations anew, with the roles of the next slice.
   * @param now when it begins, milliseconds since the epoch
   */
  async readAws(
    readers: ClusterReaders,
    recordedIds: ReadonlySet<string>,
    drift: DriftPolicy,
    now: number,
  ): Promise<void> {
    const { ref, entry } = this.selected;
    const listed = await listing("associations", () =>
      readAssociations(ref, entry, readers.aws, readers.tags),
    );
    const serviceAccounts = this.watch.snapshot();
    this.halfRead = serviceAccounts.state === "failed";
    if (listed.state === "failed" || serviceAccounts.state === "failed") {
      this.#associations = listed;
      return;
    }
    this.#associations = await listing("associations", async () => {
      const certain = await describeDoubtful(
        ref,
        entry,
        readers.aws,
        listed.items,
        serviceAccounts.items,
        recordedIds,
      );
      return this.#withRoles(certain, readers.aws, recordedIds, drift);
    });
    if (this.#associations.state === "failed") return;
    this.#writes = doubtfulWrites(this.#writes, this.#associations.items, now);
  }

  /** Lists show no roles: the recorded ones of this round's slice are described. */
  async #withRoles(
    listed: readonly LiveAssociation[],
    aws: AwsClients,
    recordedIds: ReadonlySet<string>,
    { intervalMs, periodMs }: DriftPolicy,
  ): Promise<readonly LiveAssociation[]> {
    const ids = listed.flatMap(({ id, spec }) => (spec === undefined && recordedIds.has(id) ? [id] : []));
    const slice = driftSlice(ids.sort(), this.#describedUpTo, intervalMs, periodMs);
    this.#describedUpTo = slice.at(-1) ?? "";
    const { ref, entry } = this.selected;
    const details = await pLimit(entry.maxConcurrency).map(
      slice,
      async (id) => [id, await describeAssociation(aws.eks, ref.name, id)] as const,
    );
    const byId = new Map(details);
    return listed.flatMap((association) => {
      if (!byId.has(association.id)) return [association];
      const found = byId.get(association.id);
      return found === undefined ? [] : [{ ...association, ...found }];
    });
  }

  /** Takes note of what this process has just written. */
  wrote(ref: ServiceAccountRef, write: RecentWrite): void {
    this.#writes.set(keyOf(ref), write);
  }

  /** All that is known now, for the plan. */
  async found(roles: RoleLookup): Promise<FoundCluster> {
    const { ref, entry } = this.selected;
    const serviceAccounts = this.watch.snapshot();
    const associations = this.#associations;
    if (serviceAccounts.state === "failed" || associations.state === "failed") {
      return { ...this.selected, serviceAccounts, associations, roleTrust: new Map() };
    }
    return {
      ...this.selected,
      serviceAccounts,
      associations: { state: "complete", items: withRecentWrites(associations.items, this.#writes) },
      roleTrust: await readRoleTrust(ref, entry, serviceAccounts.items, roles),
    };
  }
}
