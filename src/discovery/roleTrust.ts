import pLimit from "p-limit";
import type { AwsClients } from "../aws/clients.ts";
import { isAccessDenied } from "../aws/errors.ts";
import { type FoundRole, readRole } from "../aws/roleTrust.ts";
import { type AwsScope, scopeKey } from "../aws/scope.ts";
import type { ClusterEntry } from "../config/config.ts";
import type { ClusterRef } from "../model/cluster.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import type { ServiceAccount } from "../model/serviceAccount.ts";
import { UserError } from "../model/userError.ts";
import { desireOf } from "../plan/desire.ts";
import { trustOf } from "../plan/trustPolicy.ts";
import type { RoleTrust } from "../plan/types.ts";
import type { Notice } from "./clusters.ts";

/** What is known of a role: IAM's answer, or why there is none. */
type RoleAnswer = FoundRole | { readonly state: "unread"; readonly problem: string };

/** The roles of one scope, each read once in a run. A failure of AWS is an answer, too. */
export interface RoleLookup {
  read(roleArn: string): Promise<RoleAnswer>;
  /** Set where the credentials may not read roles; no more calls are made then. */
  readonly denied: string | undefined;
}

// The check is an extra, and the run waits for it: enough for some hundred roles with the SDK's retries.
const roleReadsTimeoutMs = 60_000;

/** The lookups of a run: one for each scope, shared by its clusters. */
export class RoleLookups {
  readonly #clientsOf: (scope: AwsScope) => Pick<AwsClients, "iam">;
  readonly #timeoutMs: number;
  readonly #byScope = new Map<string, { readonly where: string; readonly lookup: CachedRoles }>();

  /** @param timeoutMs all calls of a scope end that long after its first */
  constructor(clientsOf: (scope: AwsScope) => Pick<AwsClients, "iam">, timeoutMs = roleReadsTimeoutMs) {
    this.#clientsOf = clientsOf;
    this.#timeoutMs = timeoutMs;
  }

  /** The lookup of the entry's scope. */
  of(entry: ClusterEntry, scope: AwsScope): RoleLookup {
    const known = this.#byScope.get(scopeKey(scope));
    if (known !== undefined) return known.lookup;
    const lookup = new CachedRoles(this.#clientsOf(scope).iam, this.#timeoutMs);
    this.#byScope.set(scopeKey(scope), { where: `clusters[${entry.index}]`, lookup });
    return lookup;
  }

  /** A new wait for roles begins, with its own time limit. */
  restart(): void {
    for (const { lookup } of this.#byScope.values()) lookup.restart();
  }

  /** These roles are read again when they are next asked for, and where nothing might be read, that is tried again. */
  forget(roleArns: ReadonlySet<string>): void {
    for (const { lookup } of this.#byScope.values()) lookup.forget(roleArns);
  }

  /** One problem for each scope that may not read roles. */
  problems(): readonly Notice[] {
    return [...this.#byScope.values()].flatMap(({ where, lookup: { denied } }) => {
      if (denied === undefined) return [];
      const message = `${denied}; without it nobody checks that roles trust EKS Pod Identity ("role_trust_check: off" leaves the check out)`;
      return [{ where, message }];
    });
  }
}

class CachedRoles implements RoleLookup {
  denied: string | undefined;
  readonly #iam: AwsClients["iam"];
  readonly #timeoutMs: number;
  readonly #answers = new Map<string, Promise<RoleAnswer>>();
  #deadline: AbortSignal | undefined;

  constructor(iam: AwsClients["iam"], timeoutMs: number) {
    this.#iam = iam;
    this.#timeoutMs = timeoutMs;
  }

  read(roleArn: string): Promise<RoleAnswer> {
    const answer = this.#answers.get(roleArn) ?? this.#ask(roleArn);
    this.#answers.set(roleArn, answer);
    return answer;
  }

  restart(): void {
    this.#deadline = undefined;
  }

  forget(roleArns: ReadonlySet<string>): void {
    this.denied = undefined;
    for (const roleArn of roleArns) this.#answers.delete(roleArn);
  }

  async #ask(roleArn: string): Promise<RoleAnswer> {
    if (this.denied !== undefined) return { state: "unread", problem: this.denied };
    this.#deadline ??= AbortSignal.timeout(this.#timeoutMs);
    try {
      return await readRole(this.#iam, roleArn, this.#deadline);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (isAccessDenied(error.cause)) this.denied ??= error.message;
      const late = this.#deadline.aborted;
      const problem = late ? `iam:GetRole: no answer within ${this.#timeoutMs / 1000} s` : error.message;
      return { state: "unread", problem };
    }
  }
}

/**
 * Whether the roles that ServiceAccounts of the cluster ask for, and may have,
 * trust Pod Identity, by role ARN; empty where `role_trust_check` is off.
 * At most `max_concurrency` roles are read at a time.
 */
export async function readRoleTrust(
  cluster: ClusterRef,
  { rules, maxConcurrency }: ClusterEntry,
  serviceAccounts: readonly ServiceAccount[],
  lookup: RoleLookup,
): Promise<ReadonlyMap<string, RoleTrust>> {
  if (rules.roleTrustCheck === "off") return new Map();
  const roles = new Set(
    serviceAccounts.flatMap((account) => {
      const desire = desireOf(account, rules);
      return desire.state === "wanted" ? [desire.spec.roleArn] : [];
    }),
  );
  const trusts = await pLimit(maxConcurrency).map(roles, async (roleArn): Promise<[string, RoleTrust]> => {
    // "The EKS Pod Identity role must be in your EKS cluster's account" (EKS User Guide, "Access AWS resources using
    // EKS Pod Identity target IAM roles").
    if (parseRoleArn(roleArn)?.account !== cluster.account) {
      const problem = `it is not of the cluster's account ${cluster.account}; a role of another one can be the target role`;
      return [roleArn, { state: "untrusted", problem }];
    }
    return [roleArn, trustFrom(await lookup.read(roleArn), cluster)];
  });
  return new Map(trusts);
}

function trustFrom(answer: RoleAnswer, cluster: ClusterRef): RoleTrust {
  switch (answer.state) {
    case "found":
      return trustOf(answer.trustPolicy, cluster);
    case "missing":
      return { state: "missing" };
    case "unread":
      return { state: "unknown", problem: answer.problem };
  }
}
