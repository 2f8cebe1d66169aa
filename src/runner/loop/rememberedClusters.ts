import type { AwsClients } from "../../aws/clients.ts";
import type { ClusterDescription } from "../../aws/eks.ts";
import { type AwsScope, scopeKey } from "../../aws/scope.ts";
import { type ClusterLookup, clusterLookup } from "../../discovery/clusters.ts";
import type { Clock } from "../clock.ts";

/**
 * What EKS said of clusters. Endpoints hardly ever change: a cluster that works
 * is described again only with the drift period, and one that does not work, or
 * was away from the list, at once.
 */
export class RememberedClusters {
  readonly #clientsOf: (scope: AwsScope) => AwsClients;
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #byScope = new Map<string, RememberedScope>();

  /** @param periodMs an answer is good for so long; 0: until it is forgotten */
  constructor(clientsOf: (scope: AwsScope) => AwsClients, clock: Clock, periodMs: number) {
    this.#clientsOf = clientsOf;
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  /** The lookup of a scope. */
  of(scope: AwsScope): ClusterLookup {
    return this.#scoped(scope);
  }

  /** The cluster is described again when it is next asked for. */
  forget(scope: AwsScope, name: string): void {
    this.#scoped(scope).forget(name);
  }

  #scoped(scope: AwsScope): RememberedScope {
    const key = scopeKey(scope);
    const known = this.#byScope.get(key);
    if (known !== undefined) return known;
    const made = new RememberedScope(clusterLookup(this.#clientsOf(scope)), this.#clock, this.#periodMs);
    this.#byScope.set(key, made);
    return made;
  }
}

interface Remembered<Answer> {
  readonly answer: Answer;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

class RememberedScope implements ClusterLookup {
  readonly #lookup: ClusterLookup;
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #described = new Map<string, Remembered<ClusterDescription>>();
  #account: Remembered<string> | undefined;

  constructor(lookup: ClusterLookup, clock: Clock, periodMs: number) {
    this.#lookup = lookup;
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  async names(): Promise<readonly string[]> {
    const names = await this.#lookup.names();
    // One that comes back under its old name is another cluster.
    const listed = new Set(names);
    for (const name of this.#described.keys()) if (!listed.has(name)) this.#described.delete(name);
    return names;
  }

  async describe(name: string): Promise<ClusterDescription> {
    const known = this.#fresh(this.#described.get(name));
    if (known !== undefined) return known;
    const answer = await this.#lookup.describe(name);
    // One that is being made, or away, is asked for until it is there.
    if (answer.state === "ready") this.#described.set(name, { answer, at: this.#clock.now() });
    else this.#described.delete(name);
    return answer;
  }

  async account(): Promise<string> {
    const known = this.#fresh(this.#account);
    if (known !== undefined) return known;
    const answer = await this.#lookup.account();
    this.#account = { answer, at: this.#clock.now() };
    return answer;
  }

  forget(name: string): void {
    this.#described.delete(name);
  }

  #fresh<Answer>(known: Remembered<Answer> | undefined): Answer | undefined {
    const isOld = this.#periodMs > 0 && this.#clock.now() - (known?.at ?? 0) >= this.#periodMs;
    return isOld ? undefined : known?.answer;
  }
}
