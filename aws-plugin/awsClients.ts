import type { EKSClient, EKSClientConfig } from "@aws-sdk/client-eks";
import { calling } from "../src/aws/errors.ts";
import { UserError } from "../src/model/userError.ts";
import type { AssumeRole, Configuration } from "./configuration.ts";

type CredentialProvider = NonNullable<EKSClientConfig["credentials"]>;

// No call may hang: a connection that is not up in 5 s or an answer that is not there in 30 s is an error, which the
// SDK retries. Ten attempts with adaptive back-off outlast the throttling of a busy account.
const requestHandler = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };
const defaultAttempts = 10;

/**
 * EKS clients of one provider configuration, one for each region, with its
 * credentials, which are checked once against `allowedAccountIds` and
 * `forbiddenAccountIds`. What the configuration leaves open is the SDK's own
 * chain: environment, shared files, AWS_ENDPOINT_URL.
 */
export function eksClients(configuration: Configuration): (region: string | undefined) => Promise<EKSClient> {
  // Loaded while the engine is still at something else, so that the first call need not wait for it.
  const sdk = import("@aws-sdk/client-eks");
  const clients = new Map<string | undefined, EKSClient>();
  let credentials: Promise<CredentialProvider> | undefined;
  return async (region) => {
    credentials ??= checkedCredentials(configuration);
    const settled = await credentials.catch((error: unknown) => {
      credentials = undefined;
      throw error;
    });
    const { EKSClient } = await sdk;
    const known = clients.get(region);
    if (known !== undefined) return known;
    const endpoint = endpointOf(configuration, "eks");
    const made = new EKSClient({
      ...clientSettings(configuration, region ?? configuration.region),
      ...endpoint,
      credentials: settled,
    });
    clients.set(region, made);
    return made;
  };
}

/** Who the credentials are, as `aws:index/getCallerIdentity` answers it. */
export async function callerIdentity(
  configuration: Configuration,
): Promise<{ accountId: string; arn: string; userId: string }> {
  return identityOf(configuration, await configuredCredentials(configuration));
}

async function checkedCredentials(configuration: Configuration): Promise<CredentialProvider> {
  const credentials = await configuredCredentials(configuration);
  const { allowedAccountIds, forbiddenAccountIds } = configuration;
  if (allowedAccountIds === undefined && forbiddenAccountIds === undefined) return credentials;
  const { accountId } = await identityOf(configuration, credentials);
  const isAllowed = allowedAccountIds?.includes(accountId) ?? true;
  if (!isAllowed || forbiddenAccountIds?.includes(accountId)) {
    const key = isAllowed ? "forbiddenAccountIds" : "allowedAccountIds";
    throw new UserError(
      `AWS account ${accountId} is ruled out by ${key} of the aws provider; use other credentials`,
    );
  }
  return credentials;
}

async function configuredCredentials(configuration: Configuration): Promise<CredentialProvider> {
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  const { accessKey, secretKey, token, profile, assumeRoles = [] } = configuration;
  const region = configuration.stsRegion ?? configuration.region;
  let credentials: CredentialProvider =
    accessKey && secretKey
      ? { accessKeyId: accessKey, secretAccessKey: secretKey, ...(token ? { sessionToken: token } : {}) }
      : fromNodeProviderChain(profile ? { profile } : {});
  for (const role of assumeRoles) {
    credentials = fromTemporaryCredentials({
      masterCredentials: credentials,
      params: assumeRoleParams(role),
      clientConfig: { ...clientSettings(configuration, region), ...endpointOf(configuration, "sts") },
    });
  }
  return credentials;
}

async function identityOf(configuration: Configuration, credentials: CredentialProvider) {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const region = configuration.stsRegion ?? configuration.region;
  const sts = new STSClient({
    ...clientSettings(configuration, region),
    ...endpointOf(configuration, "sts"),
    credentials,
  });
  const answer = await calling("sts:GetCallerIdentity", () => sts.send(new GetCallerIdentityCommand({})));
  return { accountId: answer.Account ?? "", arn: answer.Arn ?? "", userId: answer.UserId ?? "" };
}

function clientSettings(configuration: Configuration, region: string | undefined) {
  const { maxRetries, retryMode, useDualstackEndpoint, useFipsEndpoint } = configuration;
  return {
    requestHandler,
    maxAttempts: maxRetries === undefined ? defaultAttempts : maxRetries + 1,
    retryMode: retryMode ?? "adaptive",
    ...(region === undefined ? {} : { region }),
    ...(useDualstackEndpoint === undefined ? {} : { useDualstackEndpoint }),
    ...(useFipsEndpoint === undefined ? {} : { useFipsEndpoint }),
  };
}

function endpointOf(configuration: Configuration, service: "eks" | "sts"): { endpoint?: string } {
  const endpoint = configuration.endpoints?.find((entry) => entry[service] !== undefined)?.[service];
  return endpoint === undefined ? {} : { endpoint };
}

/** The parameters of sts:AssumeRole. Throws a UserError on a duration that is not one. */
export function assumeRoleParams(role: AssumeRole) {
  const { roleArn, sessionName, externalId, duration, policy, policyArns, sourceIdentity, tags } = role;
  if (roleArn === undefined) throw new UserError("assumeRoles of the aws provider: an entry has no roleArn");
  return {
    RoleArn: roleArn,
    // Names the session in CloudTrail where the configuration does not.
    RoleSessionName: sessionName ?? "pulumi-resource-aws",
    ...(externalId ? { ExternalId: externalId } : {}),
    ...(duration ? { DurationSeconds: seconds(duration) } : {}),
    ...(policy ? { Policy: policy } : {}),
    ...(policyArns ? { PolicyArns: policyArns.map((arn) => ({ arn })) } : {}),
    ...(sourceIdentity ? { SourceIdentity: sourceIdentity } : {}),
    ...(tags ? { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
    ...(role.transitiveTagKeys ? { TransitiveTagKeys: role.transitiveTagKeys } : {}),
  };
}

/** `1h30m`, `900s`: the durations of Go's time.ParseDuration, as far as hours, minutes and seconds go. */
function seconds(duration: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  if (match === null || duration === "") {
    throw new UserError(
      `assumeRoles of the aws provider: duration ${duration}: expected hours, minutes, seconds as 1h30m`,
    );
  }
  const [, hours = "0", minutes = "0", rest = "0"] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}
