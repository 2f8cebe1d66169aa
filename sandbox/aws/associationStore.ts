import { indexAfter, type Placed } from "./paging.ts";

/** An association in the shape of the EKS API's `PodIdentityAssociation`; times in seconds since the epoch. */
export interface Association {
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly associationArn: string;
  readonly associationId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly disableSessionTags: boolean;
  /** Set where an add-on made the association. */
  readonly ownerArn?: string;
  readonly targetRoleArn?: string;
  /** Given with a target role. */
  readonly externalId?: string;
  readonly policy?: string;
}

/** An association as lists show it. */
export interface ListedAssociation extends Placed {
  readonly association: Association;
}

interface Change {
  readonly dueAt: number;
  readonly id: string;
  /** Undefined: deleted. */
  readonly listed: ListedAssociation | undefined;
}

/** Now, and when a change that is made now shows in lists, in milliseconds since the epoch; Infinity: only when told. */
export type ListClock = { readonly now: () => number; readonly dueAt: () => number };

/**
 * The associations of one cluster, and the view that lists have of them,
 * which lags behind: EKS and the Resource Groups Tagging API are eventually
 * consistent.
 */
export class AssociationStore {
  readonly #clock: ListClock;
  readonly #byId = new Map<string, ListedAssociation>();
  readonly #idByServiceAccount = new Map<string, string>();
  readonly #listed = new Map<string, ListedAssociation>();
  #changes: Change[] = [];
  #sorted: readonly ListedAssociation[] | undefined;
  #nextPlace = 1;

  constructor(clock: ListClock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#byId.size;
  }

  /** All associations as they are. */
  all(): readonly Association[] {
    return Array.from(this.#byId.values(), (entry) => entry.association);
  }

  /** The association with this id, as it is. */
  get(id: string): Association | undefined {
    return this.#byId.get(id)?.association;
  }

  /** The one association of a service account. */
  find(namespace: string, serviceAccount: string): Association | undefined {
    const id = this.#idByServiceAccount.get(serviceAccountKey(namespace, serviceAccount));
    return id === undefined ? undefined : this.get(id);
  }

  /** Adds the association, or replaces the one with its id. */
  put(association: Association): void {
    const id = association.associationId;
    const place = this.#byId.get(id)?.place ?? this.#nextPlace++;
    const listed = { place, association };
    this.#byId.set(id, listed);
    this.#idByServiceAccount.set(serviceAccountKey(association.namespace, association.serviceAccount), id);
    this.#changes.push({ dueAt: this.#clock.dueAt(), id, listed });
  }

  /** Removes the association. */
  remove(association: Association): void {
    const id = association.associationId;
    this.#byId.delete(id);
    this.#idByServiceAccount.delete(serviceAccountKey(association.namespace, association.serviceAccount));
    this.#changes.push({ dueAt: this.#clock.dueAt(), id, listed: undefined });
  }

  /** What lists show now, from after `place` on, oldest first. */
  listed(place = 0): readonly ListedAssociation[] {
    this.#applyDue(this.#clock.now());
    this.#sorted ??= [...this.#listed.values()];
    return place === 0 ? this.#sorted : this.#sorted.slice(indexAfter(this.#sorted, place));
  }

  /** What lists show now of one association. */
  listedById(id: string): Association | undefined {
    this.#applyDue(this.#clock.now());
    return this.#listed.get(id)?.association;
  }

  /** Lets lists show everything as it is. */
  settle(): void {
    this.#applyDue(Number.POSITIVE_INFINITY);
  }

  // Changes show in the order they were made, so that a delete is never overtaken by the create before it.
  #applyDue(now: number): void {
    const waiting = this.#changes.findIndex((change) => change.dueAt > now);
    const due = waiting === -1 ? this.#changes : this.#changes.slice(0, waiting);
    if (due.length === 0) return;
    this.#changes = waiting === -1 ? [] : this.#changes.slice(waiting);
    this.#sorted = undefined;
    for (const { id, listed } of due) {
      if (listed === undefined) this.#listed.delete(id);
      else this.#listed.set(id, listed);
    }
  }
}

function serviceAccountKey(namespace: string, serviceAccount: string): string {
  return `${namespace}/${serviceAccount}`;
}
