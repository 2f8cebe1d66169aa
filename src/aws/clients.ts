import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";

/** Whose calls, and where: a role to assume first (none: the default credential chain as it is) and a region. */
export interface AwsScope {
  readonly roleArn?: string;
  readonly region: string;
}

/** The clients of one scope. */
export interface AwsClients {
  readonly eks: EKSClient;
  readonly tagging: ResourceGroupsTaggingAPIClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
}

/** Names the session in CloudTrail. */
export const SESSION_NAME = "eks-pod-identity-sync";

// No call may hang: a connection that is not up in 5 s or an answer that is not there in 30 s is an error, which
// the SDK retries. Ten attempts with adaptive back-off outlast the throttling of a busy account.
const connectionTimeout = 5_000;
const requestTimeout = 30_000;
const maxAttempts = 10;

/** Text that is the same for equal scopes. */
export function scopeKey(scope: AwsScope): string {
  return `${scope.roleArn ?? ""}@${scope.region}`;
}

/**
 * Makes the clients of each scope once, so that credentials, connections and
 * the adaptive retry's send rate are shared by all calls of the scope.
 * Endpoints and credentials come from the SDK's own settings alone.
 */
export function awsClientPool(): (scope: AwsScope) => AwsClients {
  const pool = new Map<string, AwsClients>();
  return (scope) => {
    const known = pool.get(scopeKey(scope));
    if (known !== undefined) return known;
    const made = makeClients(scope);
    pool.set(scopeKey(scope), made);
    return made;
  };
}

function makeClients(scope: AwsScope): AwsClients {
  const settings = {
    region: scope.region,
    maxAttempts,
    retryMode: "adaptive",
    requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true },
    ...(scope.roleArn === undefined
      ? {}
      : {
          credentials: fromTemporaryCredentials({
            params: { RoleArn: scope.roleArn, RoleSessionName: SESSION_NAME },
            clientConfig: { region: scope.region },
          }),
        }),
  };
  return {
    eks: new EKSClient(settings),
    tagging: new ResourceGroupsTaggingAPIClient(settings),
    // IAM is global; the region only has to be one of the partition.
    iam: new IAMClient(settings),
    sts: new STSClient(settings),
  };
}
