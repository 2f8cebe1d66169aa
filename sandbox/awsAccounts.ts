import type { ClusterRef } from "../src/model/cluster.ts";
import { type AccessEntry, accountTrust, type Credentials } from "./aws/simulator.ts";
import type { World } from "./aws/world.ts";
import { SYNC_GROUP } from "./controlPlane/rbac.ts";

/** Name of the role through which the environment's credentials reach an account. */
export const SYNC_ROLE = "pod-identity-sync";

/**
 * Adds the accounts; in each the role {@link SYNC_ROLE}, which `baseAccount` may assume, and roles for pods.
 * @returns the keys of the base account's user.
 */
export function addAccounts(
  world: World,
  baseAccount: string,
  others: readonly string[],
  podRoles: readonly string[],
): Credentials {
  const credentials = world.addAccount(baseAccount);
  for (const account of others) if (account !== baseAccount) world.addAccount(account);
  for (const account of world.ids()) {
    world.addRole({ account, name: SYNC_ROLE, trustPolicy: accountTrust(baseAccount) });
    for (const name of podRoles) world.addRole({ account, name });
  }
  return credentials;
}

/** Who may work on a cluster: the role of its account, and in the base account also the user itself. */
export function accessEntries(world: World, cluster: ClusterRef, baseAccount: string): AccessEntry[] {
  const role = world.roleNamed(cluster.account, SYNC_ROLE)?.arn;
  const user = cluster.account === baseAccount ? world.admin(baseAccount)?.arn : undefined;
  const groups = [SYNC_GROUP];
  return [role, user].filter((arn) => arn !== undefined).map((principalArn) => ({ principalArn, groups }));
}
