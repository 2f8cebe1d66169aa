import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { type AwsScope, SESSION_NAME, scopeKey } from "./scope.ts";

/** The clients of one scope. */
export interface AwsClients {
  readonly eks: EKSClient;
  readonly tagging: ResourceGroupsTaggingAPIClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
}

/** A call that has ended, its retries included. */
export interface AwsCall {
  /** As in IAM policies: `eks:ListClusters`, `tag:GetResources`. */
  readonly api: string;
  /** The cluster that the call names; "" where it names none. */
  readonly cluster: string;
  readonly ok: boolean;
  readonly durationMs: number;
}

// No call may hang: a connection that is not up in 5 s or an answer that is not there in 30 s is an error, which
// the SDK retries. Ten attempts with adaptive back-off outlast the throttling of a busy account.
const connectionTimeout = 5_000;
const requestTimeout = 30_000;
const maxAttempts = 10;

/**
 * Makes the clients of each scope once, so that credentials, connections and
 * the adaptive retry's send rate are shared by all calls of the scope.
 * Endpoints and credentials come from the SDK's own settings alone.
 */
export function awsClientPool(onCall?: (call: AwsCall) => void): (scope: AwsScope) => AwsClients {
  const pool = new Map<string, AwsClients>();
  return (scope) => {
    const known = pool.get(scopeKey(scope));
    if (known !== undefined) return known;
    const made = makeClients(scope);
    if (onCall !== undefined) tellCalls(made, onCall);
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

const prefixes = { eks: "eks", tagging: "tag", iam: "iam", sts: "sts" } as const;

function tellCalls(clients: AwsClients, onCall: (call: AwsCall) => void): void {
  const middleware =
    (prefix: string) =>
    <Input extends object, Output>(
      next: (args: { input: Input }) => Promise<Output>,
      context: { commandName?: string },
    ) =>
    async (args: { input: Input }): Promise<Output> => {
      const started = performance.now();
      const api = `${prefix}:${context.commandName?.replace(/Command$/, "") ?? "unknown"}`;
      const end = (ok: boolean) =>
        onCall({ api, cluster: clusterNamed(args.input), ok, durationMs: performance.now() - started });
      try {
        const output = await next(args);
        end(true);
        return output;
      } catch (error) {
        end(false);
        throw error;
      }
    };
  const options = { step: "initialize", name: "tellCalls" } as const;
  clients.eks.middlewareStack.add(middleware(prefixes.eks), options);
  clients.tagging.middlewareStack.add(middleware(prefixes.tagging), options);
  clients.iam.middlewareStack.add(middleware(prefixes.iam), options);
  clients.sts.middlewareStack.add(middleware(prefixes.sts), options);
}

/** DescribeCluster calls it `name`, everything else `clusterName`. */
function clusterNamed(input: object): string {
  if ("clusterName" in input && typeof input.clusterName === "string") return input.clusterName;
  return "name" in input && typeof input.name === "string" ? input.name : "";
}
