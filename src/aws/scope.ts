/** Whose calls, and where: a role to assume first (none: the default credential chain as it is) and a region. */
export interface AwsScope {
  readonly roleArn?: string;
  readonly region: string;
}

/** Names the session in CloudTrail. */
export const SESSION_NAME = "eks-pod-identity-sync";

/** Text that is the same for equal scopes. */
export function scopeKey(scope: AwsScope): string {
  return `${scope.roleArn ?? ""}@${scope.region}`;
}
