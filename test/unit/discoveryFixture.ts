import { onTestFinished, vi } from "vitest";
import type { AwsSimulator, Call, Credentials } from "../../sandbox/aws/simulator.ts";
import type { ClusterEntry } from "../../src/config/config.ts";
import { CLUSTER } from "./awsSimulatorFixture.ts";
import { stackConfig } from "./configFixtures.ts";

/** The one entry of a configuration with these fields, of the region of `CLUSTER`. */
export function entryOf(settings: object = {}): ClusterEntry {
  const [entry] = stackConfig([{ region: CLUSTER.region, role_trust_check: "off", ...settings }]).clusters;
  if (entry === undefined) throw new Error("the configuration has no entry");
  return entry;
}

/** Makes the SDK's default settings lead to the simulator until the end of the test. */
export function useSimulator(simulator: AwsSimulator, credentials: Credentials): void {
  vi.stubEnv("AWS_ENDPOINT_URL", simulator.url);
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** The most calls that were under way at one time. */
export function mostAtOnce(calls: readonly Call[]): number {
  const isUnderWay = (call: Call, at: number) => call.time <= at && at < call.time + (call.durationMs ?? 0);
  return Math.max(0, ...calls.map(({ time }) => calls.filter((call) => isUnderWay(call, time)).length));
}
