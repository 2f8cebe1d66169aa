import type { StaleAssociation, StaleAssociationsInputs } from "../../provider/inputs.ts";
import type { ClusterEdges } from "../../provider/purge.ts";
import { writeRules } from "../../provider/rules.ts";
import type { AssociationDetails } from "../../src/aws/eks.ts";
import { keyOf, type ServiceAccount, type ServiceAccountRef } from "../../src/model/serviceAccount.ts";
import { UserError } from "../../src/model/userError.ts";
import type { ClusterRules } from "../../src/plan/types.ts";
import { cluster, openRules, roleArn } from "./planFixtures.ts";

/** The inputs for these stale associations. */
export function inputsOf(
  stale: readonly StaleAssociation[],
  settings: { rules?: Partial<ClusterRules>; maxConcurrency?: number } = {},
): StaleAssociationsInputs {
  return {
    account: cluster.account,
    region: cluster.region,
    clusterName: cluster.name,
    access: { kind: "local" },
    rules: writeRules({ ...openRules, ...settings.rules }),
    maxConcurrency: settings.maxConcurrency ?? 2,
    stale: [...stale],
  };
}

/** Somebody else's association `a-1` of `default/app`, as the plan names it. */
export function stale(overrides: Partial<StaleAssociation> = {}): StaleAssociation {
  const names = { associationId: "a-1", namespace: "default", serviceAccount: "app" };
  return { ...names, ours: false, reason: "the ServiceAccount is gone", ...overrides };
}

/** Somebody else's association of `default/app`, as AWS describes it. */
export function details(overrides: Partial<AssociationDetails> = {}): AssociationDetails {
  return { namespace: "default", name: "app", spec: { roleArn: roleArn("reader") }, tags: {}, ...overrides };
}

/** A cluster in memory: what it holds, every call in its order, and the calls that fail. */
export class FakeCluster implements ClusterEdges {
  readonly calls: string[] = [];
  readonly associations: Map<string, AssociationDetails>;
  readonly #serviceAccounts: ReadonlyMap<string, ServiceAccount>;
  readonly #failing: ReadonlySet<string>;

  constructor(world: {
    associations?: Readonly<Record<string, AssociationDetails>>;
    serviceAccounts?: readonly ServiceAccount[];
    /** Calls that end in a UserError, as they stand in `calls`. */
    failing?: readonly string[];
  }) {
    this.associations = new Map(Object.entries(world.associations ?? {}));
    this.#serviceAccounts = new Map(world.serviceAccounts?.map((account) => [keyOf(account), account]));
    this.#failing = new Set(world.failing);
  }

  async describe(associationId: string): Promise<AssociationDetails | undefined> {
    this.#record(`describe ${associationId}`);
    return this.associations.get(associationId);
  }

  async serviceAccount(ref: ServiceAccountRef): Promise<ServiceAccount | undefined> {
    this.#record(`get ${keyOf(ref)}`);
    return this.#serviceAccounts.get(keyOf(ref));
  }

  async delete(associationId: string): Promise<void> {
    this.#record(`delete ${associationId}`);
    this.associations.delete(associationId);
  }

  #record(call: string): void {
    this.calls.push(call);
    if (this.#failing.has(call)) throw new UserError(`${call}: no answer; check the network`);
  }
}
