import { expect, test } from "vitest";
import type { LiveAssociation, RecordedAssociation } from "../../src/model/association.ts";
import type { ServiceAccount } from "../../src/model/serviceAccount.ts";
import { planCluster } from "../../src/plan/planCluster.ts";
import type { ClusterRules, Decision, Declared, RoleTrust } from "../../src/plan/types.ts";
import { input, keys, live, ownTags, roleArn, serviceAccount } from "./planFixtures.ts";

export const reader = roleArn("reader");
export const writer = roleArn("writer");
export const addOn = "arn:aws:eks:eu-west-1:111122223333:addon/blue/vpc-cni/1";

export const wanted = serviceAccount();
export const unannotated = serviceAccount({ annotations: {} });
export const invalid = serviceAccount({ annotations: { [keys.roleArn]: "reader" } });
export const foreign = live({ tags: { "managed-by": "terraform" } });
export const addOnOwned = live({ ownerArn: addOn });
/** Ours by its tags; made outside after the recorded a-1 was deleted. */
export const remade = live({ id: "a-2" });
export const foreignRemade = live({ id: "a-2", tags: {} });

export const declared: Declared = { spec: { roleArn: reader }, tags: ownTags, from: "wanted" };
export const asRecorded: Declared = { ...declared, from: "recorded" };

/** A cluster with the one ServiceAccount `default/app`, and the one row that comes of it. */
export interface Case {
  readonly title: string;
  readonly serviceAccount?: ServiceAccount;
  readonly live?: LiveAssociation;
  readonly recorded?: RecordedAssociation;
  readonly rules?: Partial<ClusterRules>;
  readonly trust?: RoleTrust;
  readonly missingRoles?: "try" | "wait";
  /** Undefined: no row. */
  readonly expected: Omit<Decision, "namespace" | "name"> | undefined;
}

/** A test for each case, which compares the whole row. */
export function check(cases: readonly Case[]): void {
  for (const row of cases) {
    test(row.title, () => {
      const plan = planCluster(
        input({
          // Another ServiceAccount, without a row: a listing without any is the deletion guard's affair.
          serviceAccounts: [
            { namespace: "default", name: "default", annotations: {} },
            ...(row.serviceAccount === undefined ? [] : [row.serviceAccount]),
          ],
          live: row.live === undefined ? [] : [row.live],
          recorded: row.recorded === undefined ? [] : [row.recorded],
          rules: row.rules ?? {},
          roleTrust: new Map(row.trust === undefined ? [] : [[reader, row.trust]]),
          ...(row.missingRoles === undefined ? {} : { missingRoles: row.missingRoles }),
        }),
      );
      expect(plan.blocked).toBeUndefined();
      const expected =
        row.expected === undefined ? [] : [{ namespace: "default", name: "app", ...row.expected }];
      expect(plan.decisions).toEqual(expected);
    });
  }
}
