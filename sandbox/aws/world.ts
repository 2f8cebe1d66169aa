import { type ClusterRef, clusterKey } from "../../src/model/cluster.ts";
import { Accounts } from "./accounts.ts";
import { type Association, AssociationStore, type ListClock } from "./associationStore.ts";
import { newAssociationId } from "./randomId.ts";

/** Whom the cluster's API server lets in, and as whom ("Grant IAM users and roles access with EKS access entries"). */
export interface AccessEntry {
  /** ARN of a user or role. */
  readonly principalArn: string;
  /** May hold `{{SessionName}}` and `{{AccountID}}`; without it: the ARN, for a role with the session's name. */
  readonly username?: string;
  readonly groups: readonly string[];
}

/** The states of an EKS cluster. */
export type ClusterStatus = "CREATING" | "ACTIVE" | "DELETING" | "FAILED" | "UPDATING" | "PENDING";

/** An EKS cluster. */
export interface Cluster extends ClusterRef {
  /** URL of the API server. */
  readonly endpoint: string;
  /** The API server's CA certificate: PEM, in base64. */
  readonly caData: string;
  readonly status: ClusterStatus;
  /** Kubernetes version, such as `1.36`. */
  readonly version: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly accessEntries: readonly AccessEntry[];
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

/** A cluster to add. Without `accessEntries` the account's first user is its administrator, as a cluster's creator is. */
export type ClusterSeed = ClusterRef &
  Pick<Cluster, "endpoint" | "caData"> &
  Partial<Pick<Cluster, "status" | "version" | "tags" | "accessEntries">>;

/** An association to put in place without a call. */
export type AssociationSeed = Pick<Association, "namespace" | "serviceAccount" | "roleArn"> &
  Partial<Pick<Association, "tags" | "ownerArn" | "targetRoleArn" | "disableSessionTags" | "policy">>;

interface ClusterEntry {
  cluster: Cluster;
  readonly associations: AssociationStore;
}

/** All accounts, clusters and associations; each (account, region) sees only its own. */
export class World extends Accounts {
  readonly #clock: ListClock;
  readonly #regions = new Map<string, Map<string, ClusterEntry>>();

  constructor(clock: ListClock) {
    super();
    this.#clock = clock;
  }

  /** Adds a cluster. */
  addCluster(seed: ClusterSeed): Cluster {
    const admin = this.admin(seed.account);
    const creator = admin === undefined ? [] : [{ principalArn: admin.arn, groups: ["system:masters"] }];
    const defaults = { status: "ACTIVE" as const, version: "1.36", tags: {}, accessEntries: creator };
    const cluster: Cluster = { ...defaults, ...seed, createdAt: this.seconds() };
    const clusters = this.#clustersOf(cluster);
    clusters.set(cluster.name, { cluster, associations: new AssociationStore(this.#clock) });
    return cluster;
  }

  /** Changes what is given and keeps the rest. Throws where there is no such cluster. */
  setCluster(ref: ClusterRef, changes: Partial<Omit<Cluster, keyof ClusterRef>>): Cluster {
    const entry = this.#entry(ref);
    entry.cluster = { ...entry.cluster, ...changes };
    return entry.cluster;
  }

  /** Removes a cluster with its associations. */
  removeCluster(ref: ClusterRef): void {
    this.#clustersOf(ref).delete(ref.name);
  }

  /** The cluster as it is. */
  cluster(ref: ClusterRef): Cluster | undefined {
    return this.#clustersOf(ref).get(ref.name)?.cluster;
  }

  /** The clusters of an account and region, by name. */
  clusters(place: Omit<ClusterRef, "name">): readonly Cluster[] {
    const entries = [...this.#clustersOf(place).values()];
    return entries.map((entry) => entry.cluster).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Every cluster there is. */
  allClusters(): readonly Cluster[] {
    return [...this.#regions.values()].flatMap((clusters) =>
      Array.from(clusters.values(), (entry) => entry.cluster),
    );
  }

  /** Puts an association in place, as somebody else's call would have. Throws where there is no such cluster. */
  putAssociation(ref: ClusterRef, seed: AssociationSeed): Association {
    const store = this.store(ref);
    const present = store.find(seed.namespace, seed.serviceAccount);
    if (present !== undefined)
      throw new Error(`${clusterKey(ref)} has ${present.associationId} for this ServiceAccount already`);
    const association = this.newAssociation(ref, seed);
    store.put(association);
    return association;
  }

  /** Removes an association, as somebody else's call would have. Throws where there is no such association. */
  removeAssociation(ref: ClusterRef, id: string): void {
    const association = this.store(ref).get(id);
    if (association === undefined) throw new Error(`${clusterKey(ref)} has no association ${id}`);
    this.store(ref).remove(association);
  }

  /** The cluster's associations as they are, oldest first. Throws where there is no such cluster. */
  associations(ref: ClusterRef): readonly Association[] {
    return this.store(ref).all();
  }

  /** The cluster's associations, with the view that lists have. Throws where there is no such cluster. */
  store(ref: ClusterRef): AssociationStore {
    return this.#entry(ref).associations;
  }

  /** Lets lists show everything as it is now. */
  settle(): void {
    for (const clusters of this.#regions.values())
      for (const entry of clusters.values()) entry.associations.settle();
  }

  /** An association with an id of its own, not yet in the store. */
  newAssociation(ref: ClusterRef, seed: AssociationSeed): Association {
    const associationId = newAssociationId();
    const at = this.seconds();
    return {
      tags: {},
      disableSessionTags: false,
      ...seed,
      ...(seed.targetRoleArn === undefined ? {} : { externalId: externalIdOf(ref, seed) }),
      clusterName: ref.name,
      associationId,
      associationArn: `arn:aws:eks:${ref.region}:${ref.account}:podidentityassociation/${ref.name}/${associationId}`,
      createdAt: at,
      modifiedAt: at,
    };
  }

  /** Now, in seconds since the epoch, as EKS writes times. */
  seconds(): number {
    return this.#clock.now() / 1000;
  }

  #clustersOf(place: Omit<ClusterRef, "name">): Map<string, ClusterEntry> {
    const key = `${place.account}/${place.region}`;
    const known = this.#regions.get(key) ?? new Map<string, ClusterEntry>();
    this.#regions.set(key, known);
    return known;
  }

  #entry(ref: ClusterRef): ClusterEntry {
    const entry = this.#clustersOf(ref).get(ref.name);
    if (entry === undefined) throw new Error(`no cluster ${clusterKey(ref)}`);
    return entry;
  }
}

/** The external id that EKS gives an association with a target role: unique to the service account. */
export function externalIdOf(
  ref: ClusterRef,
  names: Pick<Association, "namespace" | "serviceAccount">,
): string {
  return `${ref.region}/${ref.account}/${ref.name}/${names.namespace}/${names.serviceAccount}`;
}
