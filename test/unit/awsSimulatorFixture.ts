import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { STSClient } from "@aws-sdk/client-sts";
import { onTestFinished } from "vitest";
import type { AwsSimulator, AwsSimulatorOptions, Credentials } from "../../sandbox/aws/simulator.ts";
import { startAwsSimulator } from "../../sandbox/aws/simulator.ts";
import type { ClusterRef } from "../../src/model/cluster.ts";

/** The cluster that every simulator of these tests starts with. */
export const CLUSTER: ClusterRef = { account: "111122223333", region: "eu-west-1", name: "dev" };
/** A role that Pod Identity may use in the cluster's account. */
export const ROLE = "arn:aws:iam::111122223333:role/app";

/** The real SDK clients on one simulator. They do not retry, so that each error is seen. */
export interface Clients {
  readonly eks: EKSClient;
  readonly sts: STSClient;
  readonly iam: IAMClient;
  readonly tagging: ResourceGroupsTaggingAPIClient;
}

/** Clients that sign with `credentials` for `region`; ended with the test. */
export function clientsOf(
  simulator: AwsSimulator,
  credentials: Credentials,
  region = CLUSTER.region,
): Clients {
  const config = { endpoint: simulator.url, region, credentials, maxAttempts: 1 };
  const clients = {
    eks: new EKSClient(config),
    sts: new STSClient(config),
    iam: new IAMClient(config),
    tagging: new ResourceGroupsTaggingAPIClient(config),
  };
  onTestFinished(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  return clients;
}

/** A simulator with one account, role and cluster, its administrator's clients; ended with the test. */
export async function startAws(
  options: AwsSimulatorOptions = {},
): Promise<Clients & { simulator: AwsSimulator; credentials: Credentials }> {
  const simulator = await startAwsSimulator(options);
  onTestFinished(() => simulator.close());
  const credentials = simulator.world.addAccount(CLUSTER.account);
  simulator.world.addRole({ account: CLUSTER.account, name: "app" });
  simulator.world.addCluster({ ...CLUSTER, endpoint: "https://127.0.0.1:6443", caData: "Q0E=" });
  return { simulator, credentials, ...clientsOf(simulator, credentials) };
}

/** Puts `count` associations in the cluster, of ServiceAccounts `team/app-0`, `team/app-1`... */
export function seedAssociations(
  simulator: AwsSimulator,
  count: number,
  tags: Record<string, string> = {},
): void {
  for (let index = 0; index < count; index++) {
    simulator.world.putAssociation(CLUSTER, {
      namespace: "team",
      serviceAccount: `app-${index}`,
      roleArn: ROLE,
      tags,
    });
  }
}

/** A clock that stands unless it is moved. */
export function clock(): { now: () => number; advance: (ms: number) => void } {
  let time = Date.now();
  const advance = (ms: number) => {
    time += ms;
  };
  return { now: () => time, advance };
}
