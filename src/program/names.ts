import type { AwsScope } from "../aws/scope.ts";
import { type ClusterRef, clusterKey } from "../model/cluster.ts";
import { parseRoleArn } from "../model/roleArn.ts";
import { keyOf, type ServiceAccountRef } from "../model/serviceAccount.ts";

// A resource's logical name is its identity in the state: another name is a delete and a create. So names are made
// from what makes the thing itself unique, and from nothing else.

/** `account/region/cluster/namespace/name`. */
export function associationName(cluster: ClusterRef, ref: ServiceAccountRef): string {
  return `${clusterKey(cluster)}/${keyOf(ref)}`;
}

/** `region`, or `region/account/role` where a role is assumed; a role's name is unique in its account. */
export function awsProviderName(scope: AwsScope): string {
  const role = scope.roleArn === undefined ? undefined : parseRoleArn(scope.roleArn);
  return role === undefined ? scope.region : `${scope.region}/${role.account}/${role.name}`;
}
